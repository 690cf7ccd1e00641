namespace SelfDev.Local.Sqlite;

/// <summary>Another process has the data folder open.</summary>
public sealed class DataFolderInUseException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Stored bytes are not what was written. Nothing goes on from them.</summary>
public sealed class CorruptStoreException(string message, Exception? inner = null) : Exception(message, inner);
