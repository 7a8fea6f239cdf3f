"""What is said in other words than the grammars read: names, colours, copies, Chinese turns."""
