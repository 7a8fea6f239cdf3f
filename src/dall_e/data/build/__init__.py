"""`dall-e data build`: public packages to a data set of pictures with captions."""
