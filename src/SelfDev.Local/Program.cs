using SelfDev.Local.Client;
using SelfDev.Local.Commands;

return await CommandLine.RunAsync(args, CommandIo.OfProcess(), CancellationToken.None);
