using System.Text.RegularExpressions;
using SelfDev.Testing;

namespace SelfDev.Functions.Tests.Infra;

/// <summary>
/// Reads what a Bicep file declares: enough to compare names with the code, no check of the language itself, which is
/// the compiler's business (<c>az bicep build</c> in the workflow).
/// </summary>
internal sealed partial class BicepFile
{
    private readonly string _text;

    public BicepFile(string relativePath)
    {
        RelativePath = relativePath;
        _text = Comments().Replace(File.ReadAllText(Path.Combine(Folder, relativePath)), "");
        Parameters =
        [
            .. ParameterLine()
                .Matches(_text)
                .Select(match => new BicepParameter(match.Groups["name"].Value, match.Groups["default"].Success)),
        ];
        Outputs = [.. OutputLine().Matches(_text).Select(match => match.Groups["name"].Value)];
        Resources =
        [
            .. ResourceLine()
                .Matches(_text)
                .Select(match => new BicepResource(
                    match.Groups["name"].Value,
                    match.Groups["type"].Value,
                    match.Groups["existing"].Success,
                    BodyFrom(match.Index + match.Length)
                )),
        ];
        Modules =
        [
            .. ModuleLine()
                .Matches(_text)
                .Select(match => new BicepModule(
                    match.Groups["name"].Value,
                    match.Groups["path"].Value,
                    BodyFrom(match.Index + match.Length)
                )),
        ];
    }

    public static string Folder => Path.Combine(SharedData.RepositoryRoot(), "infra");

    public static IReadOnlyList<BicepFile> All { get; } =
    [
        .. Directory
            .EnumerateFiles(Folder, "*.bicep", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Folder, path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)
            .Select(path => new BicepFile(path)),
    ];

    public string RelativePath { get; }

    /// <value>Without comments.</value>
    public string Text => _text;

    public IReadOnlyList<BicepParameter> Parameters { get; }

    public IReadOnlyList<string> Outputs { get; }

    public IReadOnlyList<BicepResource> Resources { get; }

    public IReadOnlyList<BicepModule> Modules { get; }

    public static BicepFile Named(string relativePath) => All.Single(file => file.RelativePath == relativePath);

    /// <summary>The strings of <c>var name = [ 'a' 'b' ]</c>.</summary>
    public IReadOnlyList<string> Strings(string variable) =>
        [
            .. Quoted()
                .Matches(
                    Regex
                        .Match(_text, $@"^var {variable} = \[(?<list>[^\]]*)\]", RegexOptions.Multiline)
                        .Groups["list"]
                        .Value
                )
                .Select(match => match.Groups["value"].Value),
        ];

    /// <summary>Names and raw values of <c>var name = { ... }</c>, its first level.</summary>
    public IReadOnlyDictionary<string, string> Object(string variable)
    {
        var start = Regex.Match(_text, $@"^var {variable} = [^{{\r\n]*(?=\{{)", RegexOptions.Multiline);
        Assert.True(start.Success, $"{RelativePath} has no object '{variable}'.");
        var found = _text.IndexOf(": {\n", start.Index, StringComparison.Ordinal);
        var body = BodyFrom(start.Value.Contains('?', StringComparison.Ordinal) ? found : start.Index + start.Length);
        return Properties(body);
    }

    public static IReadOnlyDictionary<string, string> Properties(string body)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        var depth = 0;
        foreach (var line in body.Split('\n'))
        {
            if (depth == 1 && PropertyLine().Match(line) is { Success: true } match)
            {
                properties.Add(match.Groups["name"].Value, match.Groups["value"].Value.Trim());
            }

            var bare = Interpolations().Replace(line, "");
            depth +=
                bare.Count(character => character is '{' or '[') - bare.Count(character => character is '}' or ']');
        }

        return properties;
    }

    // From the first brace at or after the index to the one that closes it.
    private string BodyFrom(int index)
    {
        var start = _text.IndexOf('{', index);
        var depth = 0;
        for (var position = start; position < _text.Length; position++)
        {
            depth += _text[position] switch
            {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            if (depth == 0)
            {
                return _text[start..(position + 1)];
            }
        }

        throw new InvalidDataException($"{RelativePath}: a brace is never closed.");
    }

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"^param (?<name>\w+) [\w\[\]]+(?<default> = .+)?$", RegexOptions.Multiline)]
    private static partial Regex ParameterLine();

    [GeneratedRegex(@"^output (?<name>\w+) ", RegexOptions.Multiline)]
    private static partial Regex OutputLine();

    [GeneratedRegex(
        @"^\s*resource (?<name>\w+) '(?<type>[^']+)'(?<existing> existing)? = (if \(.*\) |\[for .*?: )?",
        RegexOptions.Multiline
    )]
    private static partial Regex ResourceLine();

    [GeneratedRegex(@"^module (?<name>\w+) '(?<path>[^']+)' = (if \(.*\) |\[for .*?: )?", RegexOptions.Multiline)]
    private static partial Regex ModuleLine();

    [GeneratedRegex(@"^\s*(?<name>\w+):(?<value>.*)$")]
    private static partial Regex PropertyLine();

    [GeneratedRegex(@"\$\{[^}]*\}")]
    private static partial Regex Interpolations();

    [GeneratedRegex("'(?<value>[^']*)'")]
    private static partial Regex Quoted();
}

internal sealed record BicepParameter(string Name, bool HasDefault);

/// <param name="Type">With its API version; a nested one has the last part of the type only.</param>
internal sealed record BicepResource(string Name, string Type, bool IsExisting, string Body);

internal sealed record BicepModule(string Name, string Path, string Body);
