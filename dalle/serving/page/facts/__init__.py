"""Facts for the owner and the curious: the server, its settings, its checks, its model."""
