using SelfDev.Core.Capabilities;
using SelfDev.Local.Client;
using SelfDev.Local.Commands;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Tests.Commands;

/// <summary>What a command line did: exit code and both streams.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static Task<CommandRun> OfAsync(params string[] args) => WithInputAsync([], args);

    public static Task<CommandRun> WithInputAsync(byte[] input, params string[] args) =>
        InRoomsAsync([new StepLogRoom(), new StepLogRoom("evals", "evallog")], input, args);

    /// <summary>With a folder of what this user's audits remember.</summary>
    public static Task<CommandRun> WithStateAsync(string stateFolder, params string[] args) =>
        RunAsync([new StepLogRoom()], [], stateFolder, args);

    public static Task<CommandRun> InRoomsAsync(IReadOnlyList<ICapability> rooms, byte[] input, params string[] args) =>
        RunAsync(rooms, input, null, args);

    private static async Task<CommandRun> RunAsync(
        IReadOnlyList<ICapability> rooms,
        byte[] input,
        string? stateFolder,
        string[] args
    )
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var io = new CommandIo
        {
            Output = output,
            Error = error,
            Input = () => new MemoryStream(input),
            Rooms = rooms,
            HostTimeout = TimeSpan.FromSeconds(20),
            StateFolder = stateFolder,
        };
        var code = await CommandLine.RunAsync(args, io, TestContext.Current.CancellationToken);
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Checks that the input was refused as users are promised: exit code 2, nothing on standard output, one
    /// line on standard error.</summary>
    public void IsRefusedWith(string words)
    {
        Assert.Equal(ExitCodes.BadInput, ExitCode);
        Assert.Empty(Output);
        Assert.StartsWith("selfdev: ", Error, StringComparison.Ordinal);
        Assert.Equal(1, Error.Count(letter => letter == '\n'));
        Assert.Contains(words, Error, StringComparison.Ordinal);
    }
}

/// <summary>A folder for one test, deleted with it.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("selfdev-test-").FullName;

    public string Write(string name, string content) => Write(name, System.Text.Encoding.UTF8.GetBytes(content));

    public string Write(string name, byte[] content)
    {
        var path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
