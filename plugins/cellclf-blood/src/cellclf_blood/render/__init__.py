"""Blood cells drawn by our own code, as a stained smear under the microscope would show them."""
