"""The domain's other half: Identity Center, the identity store, Organizations and CloudTrail."""
