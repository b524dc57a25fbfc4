"""The synthesis without a model: a simulated one answers, so that all else can be measured."""
