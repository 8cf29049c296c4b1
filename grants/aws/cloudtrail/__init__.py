"""Sources of CloudTrail events: each satisfies `grants.ports.Trail`, and says what it cannot see."""
