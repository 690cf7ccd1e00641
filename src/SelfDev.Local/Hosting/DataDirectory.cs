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

    public string Engine => Path.Combine(Root, "engine");

    public string Storage => Path.Combine(Root, "storage");

    /// <value>Requests, decisions, intents: what decides something.</value>
    public string TrustDatabase => Path.Combine(Root, "trust", "trust.db");

    public string LedgerDatabase => Path.Combine(Root, "trust", "ledger.db");

    /// <value>The ledger's newest head, kept apart from the ledger.</value>
    public string LastHead => Path.Combine(Root, "keys", "last-head.json");

    public string Simulator => Path.Combine(Root, "arm-simulator");

    public string ApprovalKeys => Path.Combine(Root, "keys", "approvals.json");

    public string ApiKeys => Path.Combine(Root, "keys", "api.json");

    public string LedgerKey => Path.Combine(Root, "keys", "ledger.pem");

    public string Policy => Path.Combine(Root, "policy.json");

    /// <summary>The policy file, made from the sample on first use so that there is something to edit.</summary>
    public string EnsurePolicy()
    {
        if (!File.Exists(Policy))
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "samples", "policy.json"), Policy);
        }

        return Policy;
    }

    /// <value>Tells a folder that a demo made, and may empty, from one of somebody's own.</value>
    public string DemoMark => Path.Combine(Root, "made-by-demo");

    private string HostFile => Path.Combine(Root, "host.json");

    public static DataDirectory Resolve(string? option) =>
        new(option ?? Environment.GetEnvironmentVariable(Variable) ?? DefaultName);

    public void Create()
    {
        CreatePrivateFolder(Root);
        CreatePrivateFolder(Path.Combine(Root, "keys"));
    }

    /// <summary>
    /// Refuses a folder in which workflows ran and no trust records lie. That is how versions left theirs that kept decisions and ledger in
    /// the storage emulator; a host of this version makes <see cref="TrustDatabase"/> before the first workflow.
    /// </summary>
    /// <exception cref="LocalHostException">It is one; the message says what to do.</exception>
    public void RefuseEarlierLayout()
    {
        if (File.Exists(Path.Combine(Engine, "engine.db")) && !File.Exists(TrustDatabase))
        {
            throw new LocalHostException(
                $"The data folder '{Root}' holds workflow histories and no '{TrustDatabase}'. An earlier version made it, which kept decisions and ledger in the "
                + "storage emulator: use another folder (--data), and check the old ledger with the program that wrote it. If this version made it, "
                + "somebody deleted the file: restore the folder from a copy.");
        }
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
/// <param name="Key">The operator's key: who drops artifacts and looks, and may not approve what came of them.</param>
/// <param name="Pid">Process id, to tell a running host from one that was killed.</param>
/// <param name="Approvers">Keys of the people whom the policy lets approve, in its order.</param>
public sealed record RunningHost(string Url, string Key, int Pid, IReadOnlyList<ApproverKey>? Approvers = null);

public sealed record ApproverKey(string Name, string Key);
