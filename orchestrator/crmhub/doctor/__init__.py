"""What `crmhub doctor` looks at, each with what to do if it is not as it should be."""
