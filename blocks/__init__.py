"""Block Kit both ways: state to blocks, and what came back to values. It builds; it never calls."""
