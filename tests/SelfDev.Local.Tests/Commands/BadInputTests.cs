using System.IO.Compression;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Tests.Commands;

/// <summary>Whatever a user gets wrong: exit code 2, one line on standard error that names it, nothing on standard
/// output.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("There is no file or folder 'no-such.log'", "analyze", "no-such.log")]
    [InlineData("There is no kind 'poetry'; the kinds are training, evals", "analyze", "{log}", "--kind", "poetry")]
    [InlineData("'pdf'", "analyze", "{log}", "--format", "pdf")]
    [InlineData("'fatal' is none of info, warning, error, critical", "analyze", "{log}", "--fail-on", "fatal")]
    [InlineData("'3' is none of info, warning, error, critical", "analyze", "{log}", "--fail-on", "3")]
    [InlineData("There is no option '--verbos'", "analyze", "{log}", "--verbos")]
    [InlineData("analyze", "analyze")]
    [InlineData("--set takes name=value, not 'limit'", "analyze", "{log}", "--set", "limit")]
    [InlineData("--set names 'limit' twice", "analyze", "{log}", "--set", "limit=1", "--set", "limit=2")]
    [InlineData("'{log}' is one of the inputs", "analyze", "{log}", "--out", "{log}")]
    [InlineData("is a folder", "analyze", "{log}", "--out", "{folder}")]
    [InlineData("its folder does not exist", "analyze", "{log}", "--out", "{folder}/none/report.html")]
    [InlineData("There is no file or folder", "analyze", "{log}", "--baseline", "{folder}/none.log")]
    [InlineData("read once only", "analyze", "-", "-")]
    [InlineData("name files of one kind, or say --kind", "analyze", "{log}", "{eval}")]
    [InlineData("Name a verb: demo, up, analyze")]
    [InlineData("'conquer'", "conquer")]
    [InlineData("See 'selfdev ledger --help'", "ledger")]
    [InlineData("See 'selfdev drop --help'", "drop", "{log}")]
    [InlineData("names no run", "drop", "{log}", "--as", "training")]
    [InlineData("is no kind of artifact", "drop", "{log}", "--as", "poetry/run")]
    [InlineData("dots only", "drop", "{log}", "--as", "training/../../etc/passwd")]
    [InlineData("Standard input has no name", "drop", "-", "--as", "training/run")]
    [InlineData("--reason", "reject", "abc")]
    [InlineData("No host runs with the data folder", "status", "--data", "{folder}")]
    [InlineData("No host runs with the data folder", "approvals", "--data", "{folder}")]
    [InlineData("No host runs with the data folder", "approve", "abc", "--data", "{folder}")]
    [InlineData("No host runs with the data folder", "drop", "{log}", "--as", "training/run", "--data", "{folder}")]
    [InlineData("cannot be used", "ledger", "verify", "--data", "{folder}")]
    [InlineData("'x'", "ledger", "prove", "x", "--data", "{folder}")]
    public async Task A_wrong_command_line_is_refused_in_one_line(string words, params string[] args)
    {
        var log = _folder.Write("run.log", "steplog\n1 2\n");
        var eval = _folder.Write("eval.log", "evallog\n1 2\n");
        string Fill(string text) =>
            text.Replace("{log}", log, StringComparison.Ordinal)
                .Replace("{eval}", eval, StringComparison.Ordinal)
                .Replace("{folder}", _folder.Root, StringComparison.Ordinal);

        (await CommandRun.OfAsync([.. args.Select(Fill)])).IsRefusedWith(Fill(words));

        Assert.Equal("steplog\n1 2\n", await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken));
    }

    public static TheoryData<string, byte[]> Contents =>
        new()
        {
            { "The file is empty.", [] },
            { "nothing but white space", " \n\t\n"u8.ToArray() },
            { "no known format", "Once upon a time\n"u8.ToArray() },
            { "is binary, not text", [0x7F, 0x45, 0x4C, 0x46, 0, 1, 2, 3] },
            { "UTF-16", [0xFF, 0xFE, (byte)'s', 0, (byte)'t', 0] },
            { "gzip", Truncated() },
        };

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task A_file_that_cannot_be_read_is_refused_in_one_line(string words, byte[] content) =>
        (await CommandRun.OfAsync("analyze", _folder.Write("run.log", content))).IsRefusedWith(words);

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task So_is_standard_input(string words, byte[] content) =>
        (await CommandRun.WithInputAsync(content, "analyze", "-")).IsRefusedWith(words);

    [Fact]
    public async Task A_folder_without_a_readable_file_is_refused_in_one_line()
    {
        _folder.Write("run/README", "nothing to see");

        (await CommandRun.OfAsync("analyze", Path.Combine(_folder.Root, "run"))).IsRefusedWith("No file of");
    }

    [Fact]
    public async Task An_empty_folder_is_refused_in_one_line() =>
        (await CommandRun.OfAsync("analyze", _folder.Root)).IsRefusedWith("holds no file");

    [Fact]
    public async Task A_file_that_this_user_may_not_read_is_refused_in_one_line()
    {
        var path = _folder.Write("run.log", "steplog\n");
        Assert.SkipWhen(Environment.UserName == "root", "The superuser may read everything.");
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        File.SetUnixFileMode(path, UnixFileMode.None);

        (await CommandRun.OfAsync("analyze", path)).IsRefusedWith("cannot be opened");
    }

    [Fact]
    public async Task A_file_that_fails_while_it_is_read_is_refused_in_one_line()
    {
        // The first page of a process is never mapped: opening succeeds, the first read fails.
        Assert.SkipUnless(File.Exists("/proc/self/mem"), "Needs Linux's process files.");

        (await CommandRun.OfAsync("analyze", "/proc/self/mem")).IsRefusedWith("/proc/self/mem");
    }

    [Fact]
    public async Task A_file_name_with_control_characters_does_not_reach_the_terminal() =>
        (await CommandRun.OfAsync("analyze", "no\u001b[31m\nsuch.log")).IsRefusedWith(@"no\u001B[31m");

    [Fact]
    public async Task A_fault_of_our_own_is_told_as_such_with_exit_code_3()
    {
        // The test room does not catch what double.Parse throws, as a room with a bug would not.
        var run = await CommandRun.OfAsync(
            "analyze",
            _folder.Write("run.log", "steplog\n1 2\n"),
            "--set",
            "limit=many"
        );

        Assert.Equal(ExitCodes.Internal, run.ExitCode);
        Assert.StartsWith("selfdev: internal fault, please report it: ", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    private static byte[] Truncated()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write("steplog\n1 2\n2 3\n"u8);
        }

        return packed.ToArray()[..^6];
    }
}
