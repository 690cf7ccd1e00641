using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SelfDev.Core.Json;

/// <summary>
/// The forms in which SelfDev writes JSON that somebody reads again later: one contract each, for what may change in
/// one must not change in another. Reports have theirs in <see cref="ReportJson"/>.
/// </summary>
/// <remarks>
/// They look alike today, and that is chance. Each is spelt out by itself, cannot be changed at run time, and its bytes
/// are pinned in <c>ContractTests</c>: whoever needs another form makes another contract, with a reader for the old
/// one.
/// </remarks>
public static class SelfDevJson
{
    /// <value>
    /// What is hashed, sealed or signed: plans, requests, decisions, ledger entries, tree heads, commands. A byte that
    /// changes here voids every approval that waits and makes a ledger unverifiable, so it never does.
    /// </value>
    public static JsonSerializerOptions Signed { get; } =
        Sealed(
            new(JsonSerializerDefaults.Web)
            {
                Encoder = JavaScriptEncoder.Default,
                NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
                Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
            }
        );

    /// <value>Documents and records in storage that only SelfDev reads: evidence, marks, what was last seen.</value>
    public static JsonSerializerOptions Stored { get; } =
        Sealed(
            new(JsonSerializerDefaults.Web)
            {
                Encoder = JavaScriptEncoder.Default,
                NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
                Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
            }
        );

    /// <value>As <see cref="Stored"/>, for documents that people open too: reasons of rejections, commands.</value>
    public static JsonSerializerOptions StoredIndented { get; } = Sealed(new(Stored) { WriteIndented = true });

    /// <value>Inputs and outputs of workflows and activities, and their failures: they lie in histories for
    /// days.</value>
    public static JsonSerializerOptions Payload { get; } =
        Sealed(
            new(JsonSerializerDefaults.Web)
            {
                Encoder = JavaScriptEncoder.Default,
                NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
                Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
            }
        );

    /// <value>Answers of the HTTP API, and what the command line reads and prints of them.</value>
    public static JsonSerializerOptions Http { get; } =
        Sealed(
            new(JsonSerializerDefaults.Web)
            {
                Encoder = JavaScriptEncoder.Default,
                NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
                Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
            }
        );

    private static JsonSerializerOptions Sealed(JsonSerializerOptions options)
    {
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
