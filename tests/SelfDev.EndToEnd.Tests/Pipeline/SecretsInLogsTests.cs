using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Approvals;
using SelfDev.Local.Hosting;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>
/// What lets its reader decide or get in (an approval link's token, an API key, a session, a sign-in link) is in no log
/// line and in no trace, at whatever level the host logs: logs go to places that more people read.
/// </summary>
public sealed class SecretsInLogsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogLevel.Information)]
    [InlineData(LogLevel.Debug)]
    [InlineData(LogLevel.Trace)]
    public async Task No_level_of_logging_and_no_trace_tells_a_secret(LogLevel level)
    {
        using var log = new RecordedLog();
        using var traces = new RecordedTraces();
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.ScaleOutOnly(),
            adjust: options => options with { LogLevel = level, AlsoLogTo = log }
        );
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await pipeline.NextLinkAsync("scale-fleet");
        var signIn = pipeline.Host.SignInAddress();
        using var browser = new HttpClient(
            new SocketsHttpHandler { UseProxy = false, CookieContainer = new CookieContainer() }
        );
        browser.DefaultRequestHeaders.Accept.ParseAdd("text/html");

        // Everything that goes by the link: looked at, refused in every way, and at last decided.
        Assert.Equal(HttpStatusCode.OK, await GetAsync(browser, link));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(browser, new Uri(link + "?decision=approve")));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(browser, new Uri(link + "x")));
        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(browser, new Uri(link + "/more")));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(browser, link, "maybe"));
        Assert.Equal(HttpStatusCode.Forbidden, await PostAsync(browser, link, "approve", "https://evil.example"));
        Assert.Equal(
            HttpStatusCode.MisdirectedRequest,
            await PostAsync(browser, link, "approve", host: "evil.example")
        );
        using (var put = await browser.PutAsync(link, null, Cancellation))
        {
            Assert.Equal(HttpStatusCode.MethodNotAllowed, put.StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, await GetAsync(browser, signIn));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(browser, new Uri(signIn + "x")));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(browser, link, "approve"));
        var output = await pipeline.FinishAsync(instance);
        Assert.Single(output.Actions, action => action.Outcome == EffectOutcome.Applied);
        var address = pipeline.Host.Address;

        var token = link.Segments[^1];
        var secrets = new Dictionary<string, string>
        {
            ["token"] = token,
            ["its payload"] = token.Split('.')[2],
            ["its signature"] = token.Split('.')[3],
            ["sign-in link"] = signIn.Segments[^1],
            ["operator's key"] = address.Key,
            ["approver's key"] = address.Approvers![0].Key,
        };
        Assert.NotEmpty(traces.Lines);
        Assert.Contains(log.Lines, line => line.Contains("An approval link was refused", StringComparison.Ordinal));
        foreach (var (name, secret) in secrets)
        {
            Assert.DoesNotContain(
                log.Lines.Concat(traces.Lines),
                line => line.Contains(secret, StringComparison.Ordinal) ? Fail(name, line) : false
            );
        }
    }

    private static bool Fail(string name, string line) =>
        throw new InvalidOperationException($"The {name} stands in: {line}");

    private static async Task<HttpStatusCode> GetAsync(HttpClient browser, Uri address)
    {
        using var response = await browser.GetAsync(address, Cancellation);
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> PostAsync(
        HttpClient browser,
        Uri link,
        string decision,
        string? origin = null,
        string? host = null
    )
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, link)
        {
            Content = new FormUrlEncodedContent([new("decision", decision)]),
        };
        message.Headers.Host = host;
        if (origin is not null)
        {
            message.Headers.Add("Origin", origin);
        }

        using var response = await browser.SendAsync(message, Cancellation);
        return response.StatusCode;
    }

    /// <summary>Everything of each line: its words, its fields, its scopes, its exception.</summary>
    private sealed class RecordedLog : ILoggerProvider, ISupportExternalScope
    {
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Recorder(this, categoryName);

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public void Dispose() { }

        private sealed class Recorder(RecordedLog log, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => log._scopes.Push(state);

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel,
                EventId eventId,
                TState state,
                Exception? exception,
                Func<TState, Exception?, string> formatter
            )
            {
                var parts = new List<string> { category, $"{logLevel}", formatter(state, exception), $"{exception}" };
                Add(state, parts);
                log._scopes.ForEachScope(Add, parts);
                log.Lines.Enqueue(string.Join(" | ", parts));
            }

            private static void Add(object? state, List<string> parts)
            {
                parts.Add($"{state}");
                parts.AddRange(
                    (state as IEnumerable<KeyValuePair<string, object?>> ?? []).Select(field =>
                        $"{field.Key}={field.Value}"
                    )
                );
            }
        }
    }

    /// <summary>Names, tags and events of every span that the host would export.</summary>
    private sealed class RecordedTraces : IDisposable
    {
        private readonly ActivityListener _listener;

        public RecordedTraces()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name.StartsWith("SelfDev", StringComparison.Ordinal),
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = activity =>
                    Lines.Enqueue(
                        string.Join(
                            " | ",
                            activity
                                .TagObjects.Concat(activity.Events.SelectMany(occurred => occurred.Tags))
                                .Select(tag => $"{tag.Key}={tag.Value}")
                                .Prepend($"{activity.DisplayName} {activity.StatusDescription}")
                        )
                    ),
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public ConcurrentQueue<string> Lines { get; } = new();

        public void Dispose() => _listener.Dispose();
    }
}
