"""The whole product on one machine: the bot between a local Slack and a stand-in for AWS."""
