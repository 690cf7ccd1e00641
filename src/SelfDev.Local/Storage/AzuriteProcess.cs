using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace SelfDev.Local.Storage;

/// <summary>
/// A running Azurite of this host's own, on loopback, with a key that only this user can read. It ends with the host:
/// its standard input is a pipe from the host, and when that breaks it writes its index and stops.
/// </summary>
public sealed partial class AzuriteProcess : IAsyncDisposable
{
    private const string LockFileName = "azurite.lock";
    private const string PidFileName = "azurite.pid";
    private const string KeyFileName = "azurite.key";
    private const string ConnectionFileName = "azurite.connection";

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(8);

    private readonly Process _process;
    private readonly FileStream _dataLock;
    private readonly OutputTail _output;
    private readonly string _key;
    private readonly string _connectionFile;

    private AzuriteProcess(
        Process process,
        OutputTail output,
        FileStream dataLock,
        Uri endpoint,
        AzuriteOptions options,
        string key
    )
    {
        _process = process;
        _output = output;
        _dataLock = dataLock;
        _key = key;
        Endpoint = endpoint;
        DataFolder = options.DataFolder;
        Account = options.Accounts[0];
        ConnectionString = ConnectionStringOf(Account);
        _connectionFile = Path.Combine(options.DataFolder, ConnectionFileName);
        WriteSecret(_connectionFile, ConnectionString);
        Exited = process.WaitForExitAsync();
    }

    /// <value>Where it listens, e.g. <c>http://127.0.0.1:41234</c>.</value>
    public Uri Endpoint { get; }

    /// <value>Where it keeps its index and its extents.</value>
    public string DataFolder { get; }

    /// <value>The first account.</value>
    public string Account { get; }

    /// <value>Of the first account; contains the key.</value>
    public string ConnectionString { get; }

    public int ProcessId => _process.Id;

    /// <value>Completes when the process has ended, wanted or not.</value>
    public Task Exited { get; }

    /// <value>The last lines that it printed, for the message when it ends unasked.</value>
    public string LastOutput => _output.ToString();

    public string ConnectionStringOf(string account) =>
        $"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={_key};BlobEndpoint={Endpoint.GetLeftPart(UriPartial.Authority)}/{account};";

    /// <summary>Installs if need be, clears away what a killed host left behind, starts, and waits until requests are
    /// answered.</summary>
    /// <exception cref="AzuriteException">No Node.js or npm; the installation failed; the port is taken; the data is in
    /// use by another host.</exception>
    public static async Task<AzuriteProcess> StartAsync(AzuriteOptions options, CancellationToken cancellation)
    {
        var node = NodeJs.Find();
        var package = await AzuriteInstall.EnsureAsync(options.CacheFolder, options.Progress, cancellation);
        Directory.CreateDirectory(options.DataFolder);
        var lockPath = Path.Combine(options.DataFolder, LockFileName);
        var dataLock =
            await LockFile.WaitAsync(lockPath, options.BusyTimeout, null, cancellation)
            ?? throw new AzuriteException(
                $"The storage in '{options.DataFolder}' is in use by another SelfDev host. Stop that one, or choose "
                    + $"another data folder."
            );
        try
        {
            var pidFile = Path.Combine(options.DataFolder, PidFileName);
            await OrphanProcess.ClearAsync(pidFile, OrphanProcess.Grace, cancellation);
            return await StartAsync(options, node, package, dataLock, pidFile, cancellation);
        }
        catch
        {
            await dataLock.DisposeAsync();
            throw;
        }
    }

    /// <summary>The connection string of the storage that another process runs on this folder, for commands beside a
    /// running host.</summary>
    /// <returns>Null when none is running.</returns>
    public static string? FindRunning(string dataFolder)
    {
        var connection = Path.Combine(dataFolder, ConnectionFileName);
        if (!File.Exists(connection))
        {
            return null;
        }

        using var free = LockFile.TryTake(Path.Combine(dataFolder, LockFileName));
        return free is null ? File.ReadAllText(connection) : null;
    }

    /// <summary>Lets it write its index and end; after eight seconds it is ended.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(_connectionFile);
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            try
            {
                await Exited.WaitAsync(StopTimeout);
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
                await Exited;
            }
        }

        _process.Dispose();
        await _dataLock.DisposeAsync();
    }

    private static async Task<AzuriteProcess> StartAsync(
        AzuriteOptions options,
        string node,
        string package,
        FileStream dataLock,
        string pidFile,
        CancellationToken cancellation
    )
    {
        var key = ReadOrCreateKey(Path.Combine(options.DataFolder, KeyFileName));
        var start = new ProcessStartInfo(node)
        {
            WorkingDirectory = options.DataFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            Path.Combine(package, AzuriteInstall.LaunchScript),
            .. options.InMemory ? ["--inMemoryPersistence"] : new[] { "--location", options.DataFolder },
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            FormattableString.Invariant($"{options.Port}"),
            "--silent",
            "--disableTelemetry",
            "--skipApiVersionCheck",
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // In the environment, not among the arguments, which every user of the machine can list.
        start.Environment["AZURITE_ACCOUNTS"] = string.Join(
            ';',
            options.Accounts.Select(account => $"{account}:{key}")
        );
        start.Environment["SELFDEV_AZURITE_PID_FILE"] = pidFile;

        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = Process.Start(start) ?? throw new AzuriteException($"'{node}' could not be started.");
        var output = new OutputTail(
            process,
            line =>
            {
                if (ListeningLine().Match(line) is { Success: true } match)
                {
                    listening.TrySetResult(new Uri(match.Groups[1].Value));
                }
            }
        );
        try
        {
            var endpoint = await WhenListeningAsync(options, process, output, listening.Task, cancellation);
            await ProbeAsync(endpoint, options.Accounts[0], cancellation);
            return new AzuriteProcess(process, output, dataLock, endpoint, options, key);
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
            throw;
        }
    }

    private static async Task<Uri> WhenListeningAsync(
        AzuriteOptions options,
        Process process,
        OutputTail output,
        Task<Uri> listening,
        CancellationToken cancellation
    )
    {
        try
        {
            await Task.WhenAny(listening, process.WaitForExitAsync(cancellation))
                .WaitAsync(options.StartTimeout, cancellation);
        }
        catch (TimeoutException)
        {
            throw new AzuriteException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Azurite was not ready within {options.StartTimeout.TotalSeconds:F0} s. It "
                        + $"said:{Environment.NewLine}{output}"
                )
            );
        }

        if (listening.IsCompletedSuccessfully)
        {
            return await listening;
        }

        process.WaitForExit(); // Its output has been read to the end only after this.
        cancellation.ThrowIfCancellationRequested();
        var said = output.ToString();
        throw new AzuriteException(
            said.Contains("EADDRINUSE", StringComparison.Ordinal)
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"Port {options.Port} on 127.0.0.1 is taken by another program. Choose another, or 0 for any free "
                        + $"one."
                )
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"Azurite ended with exit code {process.ExitCode} before it was ready. It "
                        + $"said:{Environment.NewLine}{said}"
                )
        );
    }

    /// <summary>An answered request is what "ready" means, and that it names Azurite shows that nothing else got the
    /// port.</summary>
    private static async Task ProbeAsync(Uri endpoint, string account, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var response = await client.GetAsync(new Uri(endpoint, $"{account}?comp=list"), cancellation);
        if (!response.Headers.Server.ToString().StartsWith("Azurite-Blob", StringComparison.Ordinal))
        {
            throw new AzuriteException($"What answers at {endpoint} is not Azurite.");
        }
    }

    private static string ReadOrCreateKey(string path)
    {
        if (File.Exists(path))
        {
            return File.ReadAllText(path).Trim();
        }

        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        WriteSecret(path, key);
        return key;
    }

    private static void WriteSecret(string path, string secret)
    {
        File.Delete(path); // A file that exists keeps its mode.
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, create);
        writer.Write(secret);
    }

    [GeneratedRegex(@"successfully listens on (http://127\.0\.0\.1:\d+)$")]
    private static partial Regex ListeningLine();
}
