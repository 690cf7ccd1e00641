namespace SelfDev.Mutation;

/// <summary>The run cannot go on; the message says what is wrong and what to do.</summary>
internal sealed class MutationException(string message) : Exception(message);
