"""From a source to an answer: intake, batcher, the seven lines, the scheduler."""
