"""The command line `crmhub`."""
