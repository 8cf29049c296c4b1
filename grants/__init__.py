"""The domain: who may have what, until when. It imports none of the other rooms."""
