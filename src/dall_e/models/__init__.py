"""Networks. They meet only through tensors; parts that several need are modules of their own."""
