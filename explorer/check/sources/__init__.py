"""Formats other than templates and Terraform plans, one module each; all become the same kind of stack."""
