"""What is no template and no Terraform plan, one module a format: each is read into the same stack."""
