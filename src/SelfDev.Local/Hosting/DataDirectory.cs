using System.Security.Cryptography;
using System.Text.Json;

namespace SelfDev.Local.Hosting;

/// <summary>
/// Everything that a local host keeps: storage, histories, keys. Files that hold secrets are readable by their owner only.
/// </summary>
public sealed class DataDirectory
{
    /// <summary>Environment variable that names the folder; <c>--data</c> goes first, <see cref="DefaultName"/> last.</summary>
    public const string Variable = "SELFDEV_DATA";

    public const string DefaultName = ".selfdev";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public DataDirectory(string path)
    {
        Root = Path.GetFullPath(path);
    }

    public string Root { get; }

    public string Engine => Path.Combine(Root, "engine.db");

    public string Storage => Path.Combine(Root, "storage");

    public string Simulator => Path.Combine(Root, "arm-simulator");

    public string ApprovalKeys => Path.Combine(Root, "keys", "approvals.json");

    public string LedgerKey => Path.Combine(Root, "keys", "ledger.pem");

    public string Policy => Path.Combine(Root, "policy.yaml");

    private string HostFile => Path.Combine(Root, "host.json");

    public static DataDirectory Resolve(string? option) =>
        new(option ?? Environment.GetEnvironmentVariable(Variable) ?? DefaultName);

    public void Create()
    {
        CreatePrivateFolder(Root);
        CreatePrivateFolder(Path.Combine(Root, "keys"));
    }

    /// <summary>The key of the HTTP API, made on first use.</summary>
    public string ApiKey()
    {
        var file = Path.Combine(Root, "keys", "api.key");
        if (!File.Exists(file))
        {
            WriteSecret(file, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        }

        return File.ReadAllText(file).Trim();
    }

    /// <summary>Tells the other verbs where the host is and how to talk to it.</summary>
    public void WriteHost(RunningHost host) => WriteSecret(HostFile, JsonSerializer.Serialize(host, Json));

    /// <returns>Null where no host has run.</returns>
    public RunningHost? ReadHost() => File.Exists(HostFile)
        ? JsonSerializer.Deserialize<RunningHost>(File.ReadAllText(HostFile), Json)
        : null;

    public void DeleteHost() => File.Delete(HostFile);

    /// <summary>Writes through a new file that only the owner can read, then moves it into place.</summary>
    public static void WriteSecret(string file, string content)
    {
        var temporary = file + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new StreamWriter(temporary, options))
        {
            stream.Write(content);
        }

        File.Move(temporary, file, overwrite: true);
    }

    private static void CreatePrivateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}

/// <param name="Url">Base address of the HTTP API.</param>
/// <param name="Key">Its key.</param>
/// <param name="Pid">Process id, to tell a running host from one that was killed.</param>
public sealed record RunningHost(string Url, string Key, int Pid);
