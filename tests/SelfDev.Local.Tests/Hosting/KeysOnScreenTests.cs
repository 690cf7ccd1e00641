using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using SelfDev.Local.Client;
using SelfDev.Local.Commands;
using SelfDev.Local.Hosting;
using SelfDev.Local.Terminal;
using SelfDev.Local.Tests.Commands;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.Hosting;

/// <summary>No key on a screen or in a service's log: it says where the keys lie, and at a terminal shows a link that
/// works once.</summary>
public sealed class KeysOnScreenTests(AzuriteFixture azurite) : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DataDirectory Data => new(Path.Combine(_folder.Root, "data"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Up_prints_where_the_keys_lie_and_none_of_them()
    {
        await using var up = await UpProcess.StartAsync(
            Data,
            await azurite.NewAccountAsync(),
            arguments: ["--port", "0", "--verbose"]
        );

        Assert.Contains(Data.ApiKeys, up.Printed, StringComparison.Ordinal);
        Assert.NotEmpty(up.Keys);
        Assert.All(up.Keys, key => Assert.DoesNotContain(key, up.Printed, StringComparison.Ordinal));
        // A service's log keeps what it gets; whoever reads it within ten minutes would be in.
        Assert.DoesNotContain("/signin/", up.Printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_a_terminal_it_shows_a_link_that_signs_in_once()
    {
        using var output = new StringWriter();
        var printed = TextWriter.Synchronized(output);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var io = new CommandIo
        {
            Output = printed,
            Error = printed,
            Input = () => Stream.Null,
            IsTerminal = true,
        };
        var running = CommandLine.RunAsync(["up", "--port", "0", "--data", Data.Root], io, end.Token);
        string Text()
        {
            lock (printed)
            {
                return output.ToString();
            }
        }

        while (!running.IsCompleted && !Text().Contains("drop something", StringComparison.Ordinal))
        {
            await Task.Yield();
        }

        var link = new Uri(Regex.Match(Text(), @"http://\S+/signin/\S+").Value);
        using var browser = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = true });
        using var dashboard = await browser.GetAsync(link, Cancel);
        Assert.Equal(
            (HttpStatusCode.OK, "/"),
            (dashboard.StatusCode, dashboard.RequestMessage!.RequestUri!.AbsolutePath)
        );
        Assert.Contains(
            ApiKeyFile.Operator,
            await dashboard.Content.ReadAsStringAsync(Cancel),
            StringComparison.Ordinal
        );
        using var other = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.GetAsync(link, Cancel)).StatusCode);

        await end.CancelAsync();
        Assert.Equal(ExitCodes.Done, await running);
        var keys = JsonSerializer
            .Deserialize<Dictionary<string, string>>(await File.ReadAllTextAsync(Data.ApiKeys, Cancel))!
            .Values;
        Assert.All(keys, key => Assert.DoesNotContain(key, Text(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_demo_prints_no_key_either()
    {
        var run = await ProcessRun.OfAsync(await azurite.NewAccountAsync(), ["demo", "--yes", "--data", Data.Root]);

        Assert.Equal(ExitCodes.Done, run.ExitCode);
        var keys = JsonSerializer
            .Deserialize<Dictionary<string, string>>(await File.ReadAllTextAsync(Data.ApiKeys, Cancel))!
            .Values;
        Assert.NotEmpty(keys);
        Assert.All(keys, key => Assert.DoesNotContain(key, run.Output + run.Error, StringComparison.Ordinal));
    }
}
