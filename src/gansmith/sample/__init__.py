"""Using a trained model: pictures from seeds, each telling what it is. Never imports training."""
