using SelfDev.Local.Storage;

// A host that does nothing but hold its storage, for the tests that kill -9 it: prints the process id of Azurite and
// the connection string, one a line, and waits for its own end.
await using var azurite = await AzuriteProcess.StartAsync(
    new AzuriteOptions { DataFolder = args[0] },
    CancellationToken.None
);
Console.WriteLine(azurite.ProcessId);
Console.WriteLine(azurite.ConnectionString);
await azurite.Exited;
