using System.Text;
using System.Text.Json;
using SelfDev.Local.Storage;

namespace SelfDev.Local.Hosting;

/// <summary>
/// Everything that a local host keeps: storage, histories, keys. Files that hold secrets are readable by their owner
/// only.
/// </summary>
public sealed class DataDirectory
{
    /// <summary>Environment variable that names the folder; <c>--data</c> goes first, <see cref="DefaultName"/>
    /// last.</summary>
    public const string Variable = "SELFDEV_DATA";

    public const string DefaultName = ".selfdev";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public DataDirectory(string path)
    {
        Root = Path.GetFullPath(path);
    }

    public string Root { get; }

    public string Engine => Path.Combine(Root, "engine");

    /// <value>Histories of workflows.</value>
    public string EngineDatabase => Path.Combine(Engine, "engine.db");

    public string Storage => Path.Combine(Root, "storage");

    /// <value>What was dropped and is not known to be on storage's disk yet.</value>
    public string Spool => Path.Combine(Root, "spool");

    /// <value>Requests, decisions, intents: what decides something.</value>
    public string TrustDatabase => Path.Combine(Trust, "trust.db");

    public string LedgerDatabase => Path.Combine(Trust, "ledger.db");

    /// <value>Evidence, reports and rejected input, where they are not in an account that the settings name.</value>
    public string ArtifactsDatabase => Path.Combine(Artifacts, "artifacts.db");

    public string Simulator => Path.Combine(Root, "arm-simulator");

    /// <value>The ledger's newest head, kept apart from the ledger.</value>
    public string LastHead => Path.Combine(Keys, "last-head.json");

    /// <value>What was last seen of the folder's parts, kept apart from them.</value>
    public string LastSeen => Path.Combine(Keys, "last-seen.json");

    public string ApprovalKeys => Path.Combine(Keys, "approvals.json");

    public string ApiKeys => Path.Combine(Keys, "api.json");

    public string LedgerKey => Path.Combine(Keys, "ledger.pem");

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

    private string Trust => Path.Combine(Root, "trust");

    private string Artifacts => Path.Combine(Root, "artifacts");

    private string Keys => Path.Combine(Root, "keys");

    /// <value>Held by the host that runs on the folder.</value>
    public string Lock => Path.Combine(Root, "host.lock");

    private string HostFile => Path.Combine(Root, "host.json");

    public static DataDirectory Resolve(string? option) =>
        new(option ?? Environment.GetEnvironmentVariable(Variable) ?? DefaultName);

    /// <summary>Makes the folder and its parts, for their owner only; what is there already and stands open to others
    /// is closed.</summary>
    /// <param name="say">Told, in a line each for a person, what was open. Default: nobody.</param>
    /// <exception cref="LocalHostException">The folder is open to others and cannot or must not be closed; the message
    /// says what to do.</exception>
    public void Create(Action<string>? say = null)
    {
        Action<string> nobody = _ => { };
        say ??= nobody;
        var wasOpen = PrivateFolder.Ensure(Root, IsOurs, say);
        foreach (var part in new[] { Keys, Engine, Trust, Artifacts, Storage, Spool, Simulator })
        {
            PrivateFolder.Ensure(part, () => true, nobody);
        }

        // In a folder that was closed all along nobody could get at them.
        foreach (var secret in new[] { ApprovalKeys, ApiKeys, LedgerKey, HostFile })
        {
            PrivateFolder.CloseFile(secret, wasOpen ? say : nobody);
        }
    }

    /// <summary>Tells the other verbs where the host is and how to talk to it.</summary>
    public void WriteHost(RunningHost host) => WriteSecret(HostFile, JsonSerializer.Serialize(host, Json));

    /// <returns>Null where no host has run.</returns>
    public RunningHost? ReadHost() =>
        File.Exists(HostFile) ? JsonSerializer.Deserialize<RunningHost>(File.ReadAllText(HostFile), Json) : null;

    public void DeleteHost() => File.Delete(HostFile);

    /// <summary>Replaces a file that only its owner can read. Durable when it returns: what is sealed or signed with a
    /// key outlives a power cut, and so must the key.</summary>
    public static void WriteSecret(string file, string content) =>
        AtomicFile.Replace(file, Encoding.UTF8.GetBytes(content));

    // Empty, or with something in it that we make: a folder like /tmp or somebody's home has neither.
    private bool IsOurs() =>
        !Directory.EnumerateFileSystemEntries(Root).Any() || new[] { Keys, Engine, Policy, DemoMark }.Any(Path.Exists);
}

/// <param name="Url">Base address of the HTTP API.</param>
/// <param name="Key">The operator's key: who drops artifacts and looks, and may not approve what came of them.</param>
/// <param name="Pid">Process id, to tell a running host from one that was killed.</param>
/// <param name="Approvers">Keys of the people whom the policy lets approve, in its order.</param>
public sealed record RunningHost(string Url, string Key, int Pid, IReadOnlyList<ApproverKey>? Approvers = null);

public sealed record ApproverKey(string Name, string Key);
