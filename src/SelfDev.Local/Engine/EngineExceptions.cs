namespace SelfDev.Local.Engine;

/// <summary>The engine does not run: not started, stopped, or stopped by itself because its store failed. Nothing was
/// acknowledged.</summary>
public sealed class EngineStoppedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The code no longer does what the history says that it did.</summary>
public sealed class NonDeterminismException(string message) : Exception(message);
