"""The databases Andon can keep its state in, a module each; import the one you use, so that no other driver loads."""
