using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SelfDev.Azure.Notifications;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Tests.Notifications;

public sealed class WebhookNotifierTests
{
    private const string Secret = "T0/B1/hook-secret";
    private static readonly Notification Asked = new(
        "hash:0:ana@example.com",
        "approval-requested",
        "ana@example.com",
        "Scale?",
        "From 4 to 5.",
        new Uri("https://host/approvals/link-secret")
    )
    {
        SharedLink = new Uri("https://host/decide/plan"),
    };

    // A lost time-out fails instead of hanging.
    private const int HangMilliseconds = 30_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_receiver_gets_who_what_and_where_to_decide()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        using var notifier = Local(receiver);

        Assert.Null(await notifier.NotifyAsync(Asked, Cancellation));

        var post = Assert.Single(receiver.Posts);
        Assert.Equal($"/{Secret}", post.Path);
        Assert.Equal(("application/json; charset=utf-8", post.Body.Length), (post.ContentType, post.Length));
        using var body = JsonDocument.Parse(post.Body);
        Assert.Equal(
            [
                "hash:0:ana@example.com",
                "approval-requested",
                "ana@example.com",
                "Scale?",
                "From 4 to 5.",
                "https://host/decide/plan",
            ],
            new[] { "key", "topic", "recipient", "title", "text", "link" }.Select(name =>
                body.RootElement.GetProperty(name).GetString()
            )
        );
    }

    [Theory]
    [InlineData("https://127.0.0.1")]
    [InlineData("https://localhost")]
    [InlineData("https://2130706433")]
    [InlineData("https://0x7f.1")]
    [InlineData("https://0177.0.0.1")]
    [InlineData("https://[::ffff:127.0.0.1]")]
    [InlineData("https://0.0.0.0")]
    public async Task This_machine_is_out_of_reach_however_it_is_spelled(string origin)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        foreach (var network in new[] { WebhookNetwork.Public, WebhookNetwork.Private })
        {
            using var notifier = new WebhookNotifier(
                new WebhookOptions { Address = new Uri($"{origin}:{receiver.Port}/{Secret}"), Network = network }
            );

            Assert.Contains(
                "no address that may be reached",
                await notifier.NotifyAsync(Asked, Cancellation),
                StringComparison.Ordinal
            );
        }

        Assert.Equal(0, receiver.Connections);
    }

    [Theory]
    [InlineData("https://169.254.169.254/metadata/identity/oauth2/token", WebhookNetwork.Loopback)]
    [InlineData("https://169.254.169.254/metadata/identity/oauth2/token", WebhookNetwork.Private)]
    [InlineData("https://168.63.129.16/machine", WebhookNetwork.Private)]
    [InlineData("https://10.0.0.5/hook", WebhookNetwork.Public)]
    [InlineData("https://10.0.0.5/hook", WebhookNetwork.Loopback)]
    [InlineData("https://[fe80::1]/hook", WebhookNetwork.Loopback)]
    public async Task Metadata_services_and_networks_that_are_not_allowed_are_refused(
        string address,
        WebhookNetwork network
    )
    {
        using var notifier = new WebhookNotifier(new WebhookOptions { Address = new Uri(address), Network = network });

        Assert.Contains(
            "no address that may be reached",
            await notifier.NotifyAsync(Asked, Cancellation),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_public_name_for_an_address_of_this_machine_is_refused()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        using var notifier = new WebhookNotifier(
            new WebhookOptions { Address = new Uri($"https://hook.example:{receiver.Port}/") },
            null,
            null,
            (_, _) => Answer("127.0.0.1", "169.254.169.254", "::1")
        );

        Assert.Contains(
            "no address that may be reached",
            await notifier.NotifyAsync(Asked, Cancellation),
            StringComparison.Ordinal
        );
        Assert.Equal(0, receiver.Connections);
    }

    [Fact]
    public async Task The_connection_goes_to_the_address_that_was_checked_and_the_name_is_asked_once()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var asked = new ConcurrentQueue<string>();
        using var notifier = new WebhookNotifier(
            new WebhookOptions
            {
                Address = new Uri($"http://localhost:{receiver.Port}/"),
                Network = WebhookNetwork.Loopback,
            },
            null,
            null,
            (host, _) =>
            {
                asked.Enqueue(host);
                // The forbidden one comes first, and second answers would all be forbidden.
                return asked.Count == 1 ? Answer("169.254.169.254", "::ffff:127.0.0.1") : Answer("169.254.169.254");
            }
        );

        Assert.Null(await notifier.NotifyAsync(Asked, Cancellation));
        Assert.Equal(["localhost"], asked);
    }

    [Fact]
    public async Task Plain_http_stays_on_this_machine_whatever_localhost_resolves_to()
    {
        using var notifier = new WebhookNotifier(
            new WebhookOptions { Address = new Uri("http://localhost/"), Network = WebhookNetwork.Loopback },
            null,
            null,
            (_, _) => Answer("93.184.215.14")
        );

        Assert.Contains(
            "no address that may be reached",
            await notifier.NotifyAsync(Asked, Cancellation),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_gets_no_notification()
    {
        await using var receiver = await WebhookReceiver.StartAsync(https: true);
        using var notifier = new WebhookNotifier(
            new WebhookOptions
            {
                Address = new Uri($"https://localhost:{receiver.Port}/"),
                Network = WebhookNetwork.Loopback,
            }
        );

        Assert.Contains(
            "SecureConnectionError",
            await notifier.NotifyAsync(Asked, Cancellation),
            StringComparison.Ordinal
        );
        Assert.Empty(receiver.Posts);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed(int status)
    {
        await using var elsewhere = await WebhookReceiver.StartAsync();
        await using var receiver = await WebhookReceiver.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = $"http://127.0.0.1:{elsewhere.Port}/";
            return Task.CompletedTask;
        });
        using var notifier = Local(receiver);

        Assert.Equal(
            $"The webhook answered {status}; redirects are not followed.",
            await notifier.NotifyAsync(Asked, Cancellation)
        );
        Assert.Equal(0, elsewhere.Connections);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_refusal_is_told_and_tried_once(int status)
    {
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Status(status));
        using var notifier = Local(receiver);

        Assert.Equal($"The webhook answered {status}.", await notifier.NotifyAsync(Asked, Cancellation));
        Assert.Single(receiver.Posts);
    }

    [Fact]
    public async Task A_receiver_that_is_not_there_is_told_and_not_thrown()
    {
        var receiver = await WebhookReceiver.StartAsync();
        using var notifier = Local(receiver);
        await receiver.DisposeAsync();

        Assert.Equal(
            "The webhook could not be reached: ConnectionError.",
            await notifier.NotifyAsync(Asked, Cancellation)
        );
    }

    [Fact(Timeout = HangMilliseconds)]
    public async Task A_receiver_that_never_answers_times_out()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var receiver = await WebhookReceiver.StartAsync(async context =>
        {
            await using var registration = context.RequestAborted.Register(gone.SetResult);
            begun.SetResult();
            await gone.Task;
        });
        var clock = new FakeClock();
        using var notifier = Local(receiver, clock);

        var notifying = notifier.NotifyAsync(Asked, Cancellation);
        await begun.Task.WaitAsync(Cancellation);
        clock.Advance(TimeSpan.FromSeconds(15));

        Assert.Equal("The webhook did not answer within 15 s.", await notifying);
        await gone.Task.WaitAsync(Cancellation);
    }

    [Fact(Timeout = HangMilliseconds)]
    public async Task A_name_that_never_resolves_times_out()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clock = new FakeClock();
        using var notifier = new WebhookNotifier(
            new WebhookOptions { Address = new Uri("https://hook.example/") },
            clock,
            null,
            async (_, cancellation) =>
            {
                asked.SetResult();
                await new TaskCompletionSource().Task.WaitAsync(cancellation);
                return [];
            }
        );

        var notifying = notifier.NotifyAsync(Asked, Cancellation);
        await asked.Task.WaitAsync(Cancellation);
        clock.Advance(TimeSpan.FromSeconds(15));

        Assert.Contains("did not answer within", await notifying, StringComparison.Ordinal);
    }

    [Fact(Timeout = HangMilliseconds)]
    public async Task An_endless_answer_is_not_read_to_its_end()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var receiver = await WebhookReceiver.StartAsync(async context =>
        {
            await using var registration = context.RequestAborted.Register(gone.SetResult);
            var block = new byte[WebhookNotifier.MaxAnswerBytes];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(block, CancellationToken.None);
            }
        });
        using var notifier = Local(receiver);

        Assert.Null(await notifier.NotifyAsync(Asked, Cancellation));
        await gone.Task.WaitAsync(Cancellation);
    }

    [Fact]
    public async Task Headers_without_end_are_a_failure()
    {
        await using var receiver = await WebhookReceiver.StartAsync(context =>
        {
            context.Response.Headers["X-Long"] = new string('x', 32 * 1024);
            return Task.CompletedTask;
        });
        using var notifier = Local(receiver);

        Assert.Contains(
            "ConfigurationLimitExceeded",
            await notifier.NotifyAsync(Asked, Cancellation),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Cancelling_is_cancelling_and_not_a_failed_notification()
    {
        using var cancelled = new CancellationTokenSource();
        await using var receiver = await WebhookReceiver.StartAsync(context => cancelled.CancelAsync());
        using var notifier = Local(receiver);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            // The answer may still win the race: then the next call sees the cancelled token.
            await notifier.NotifyAsync(Asked, cancelled.Token);
            await notifier.NotifyAsync(Asked, cancelled.Token);
        });
    }

    [Fact]
    public async Task No_secret_of_the_addresses_is_in_log_message_or_trace()
    {
        var said = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("System.Net", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
                said.Enqueue(
                    activity.DisplayName + string.Concat(activity.TagObjects.Select(tag => $" {tag.Key}={tag.Value}"))
                ),
        };
        ActivitySource.AddActivityListener(listener);
        using var logs = LoggerFactory.Create(logging =>
            logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new CollectingLoggers(said))
        );
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Status(500));

        using (var failing = Local(receiver, logs: logs))
        {
            said.Enqueue((await failing.NotifyAsync(Asked, Cancellation))!);
        }

        using (
            var refused = new WebhookNotifier(
                new WebhookOptions { Address = new Uri($"https://10.0.0.5/{Secret}?sig={Secret}") },
                logger: logs.CreateLogger<WebhookNotifier>()
            )
        )
        {
            said.Enqueue((await refused.NotifyAsync(Asked, Cancellation))!);
        }

        said.Enqueue(
            Assert
                .Throws<ArgumentException>(() =>
                    new WebhookNotifier(new WebhookOptions { Address = new Uri($"http://example.com/{Secret}") })
                )
                .Message
        );
        Assert.Equal(2, said.Count(line => line.Contains("not delivered", StringComparison.Ordinal)));
        Assert.DoesNotContain(
            said,
            line =>
                line.Contains(Secret, StringComparison.Ordinal)
                || line.Contains("link-secret", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Wrong_options_are_refused()
    {
        static void Refused(string address, Func<WebhookOptions, WebhookOptions>? change = null)
        {
            var options = new WebhookOptions { Address = new Uri(address, UriKind.RelativeOrAbsolute) };
            Assert.Throws<ArgumentException>(() => new WebhookNotifier(change is null ? options : change(options)));
        }

        Refused("http://chat.example.com/hook");
        Refused("http://chat.example.com/hook", options => options with { Network = WebhookNetwork.Loopback });
        Refused("http://127.0.0.1/hook");
        Refused("http://127.0.0.1/hook", options => options with { Network = WebhookNetwork.Private });
        Refused("file:///etc/passwd");
        Refused("/hook");
        Refused("https://user:password@chat.example.com/hook");
        Refused("https://chat.example.com/hook", options => options with { Timeout = TimeSpan.Zero });
        Refused("https://chat.example.com/hook", options => options with { Network = (WebhookNetwork)7 });
    }

    [Fact]
    public async Task What_everybody_reads_carries_no_authority_and_a_persons_own_address_gets_their_link()
    {
        await using var shared = await WebhookReceiver.StartAsync();
        await using var own = await WebhookReceiver.StartAsync();
        using var notifier = Local(shared);
        var asked = new Notification(
            "k",
            "approval-requested",
            "ana@example.com",
            "t",
            "x",
            new Uri("https://selfdev.example/approvals/v1.token")
        )
        {
            SharedLink = new Uri("https://selfdev.example/decide/abc"),
        };
        Assert.Null(await notifier.NotifyAsync(asked, Cancellation));
        Assert.Null(
            await notifier.NotifyAsync(
                asked with
                {
                    Address = new Uri($"http://127.0.0.1:{own.Port}/ana"),
                },
                Cancellation
            )
        );
        var (everybody, ana) = (Assert.Single(shared.Posts).Body, Assert.Single(own.Posts).Body);
        Assert.Contains("\"link\":\"https://selfdev.example/decide/abc\"", everybody, StringComparison.Ordinal);
        Assert.DoesNotContain("v1.token", everybody, StringComparison.Ordinal);
        Assert.Contains("v1.token", ana, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", everybody + ana, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://chat.example.com/hook")]
    [InlineData("https://user:password@chat.example.com/hook")]
    public async Task An_address_of_a_person_is_held_to_the_same_rules(string address)
    {
        await using var shared = await WebhookReceiver.StartAsync();
        using var notifier = Local(shared);
        var problem = await notifier.NotifyAsync(
            new Notification("k", "t", "ana@example.com", "t", "x", null) { Address = new Uri(address) },
            Cancellation
        );
        Assert.Contains(
            "The address of ana@example.com in the policy file cannot be used",
            problem,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("chat.example.com", problem, StringComparison.Ordinal);
        Assert.Empty(shared.Posts);
    }

    private static WebhookNotifier Local(
        WebhookReceiver receiver,
        TimeProvider? clock = null,
        ILoggerFactory? logs = null
    ) =>
        new(
            new WebhookOptions
            {
                Address = new Uri($"http://127.0.0.1:{receiver.Port}/{Secret}"),
                Network = WebhookNetwork.Loopback,
            },
            clock,
            logs?.CreateLogger<WebhookNotifier>()
        );

    private static Task<IPAddress[]> Answer(params string[] addresses) =>
        Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());

    private sealed class CollectingLoggers(ConcurrentQueue<string> said) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => said.Enqueue(formatter(state, exception) + exception);

        public void Dispose() { }
    }
}
