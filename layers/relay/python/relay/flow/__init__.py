"""What happens to a task between its doors: each desk a module, each a function of the services and one task."""
