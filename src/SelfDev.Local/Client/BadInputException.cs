namespace SelfDev.Local.Client;

/// <summary>What the user gave cannot be used. The message is the one line that standard error gets; the exit code is
/// 2.</summary>
public sealed class BadInputException(string message, Exception? inner = null) : Exception(message, inner);
