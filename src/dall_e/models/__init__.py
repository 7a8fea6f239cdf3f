"""Networks. They meet only through tensors: none imports another, but for `vqgan`, which holds a
`quantizer`."""
