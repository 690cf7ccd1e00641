using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.CrashTarget;
using SelfDev.Local.Engine;
using SelfDev.Local.Hosting;

// Usage: folder <data folder>. Prints "started" and works until it is killed, or says why it does not start and ends
// with 2.
if (args[0] == "folder")
{
    try
    {
        await using var host = await FolderHost.StartAsync(new DataDirectory(args[1]));
        Console.WriteLine("started");
        await host.WorkOnAsync();
        return 0;
    }
    catch (LocalHostException refused)
    {
        Console.WriteLine("refused " + refused.Message);
        return 2;
    }
}

// Usage: <data folder> <number of instances>. Starts what is not started yet, prints "acknowledged <id>" for each start
// that is durable, and "all done" once every instance is finished. Killed and started again any number of times.
var folder = args[0];
var instances = int.Parse(args[1], CultureInfo.InvariantCulture);
var catalog = CrashWorkload.Catalog(Path.Combine(folder, "effects"));
var engine = new EmbeddedEngine(
    new EmbeddedEngineOptions { DataFolder = Path.Combine(folder, "store"), CheckpointPages = 50 },
    catalog,
    new ServiceCollection().BuildServiceProvider(),
    NullLoggerFactory.Instance
);
await engine.StartAsync(CancellationToken.None);
Console.WriteLine("running");
await Task.WhenAll(
    Enumerable
        .Range(0, instances)
        .Select(async index =>
        {
            var id = CrashWorkload.Id(index);
            await engine.StartAsync(CrashWorkload.Parent, index, id, CancellationToken.None);
            Console.WriteLine("acknowledged " + id);
            await engine.RaiseEventAsync(id, CrashWorkload.Go, index, CancellationToken.None);
            await engine.WaitForCompletionAsync(id, CancellationToken.None);
        })
);
Console.WriteLine("all done");
await engine.StopAsync(CancellationToken.None);
return 0;
