using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

/// <summary>Whatever is sent to a route that takes a body, the answer is never a failure of ours.</summary>
public class BadBodyTests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Json = "application/json";

    private static readonly string[] Types =
    [
        Json,
        Json,
        Json,
        Form,
        Form,
        Form,
        "application/json; charset=utf-16",
        "application/problem+json",
        "text/plain",
        "application/octet-stream",
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=\"\"",
        "application/json;;;=",
        "a/b/c",
        "application/x-www-form-urlencoded; charset=utf-7",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Routes that read a small body, with one that they take.</summary>
    public static TheoryData<string> SmallBodies =>
        ["DecideApproval", "PostApproval", "SignIn", "SetKillSwitch", "PostFleetSamples"];

    [Theory]
    [MemberData(nameof(SmallBodies))]
    public async Task A_body_that_is_wrong_is_400_or_413_and_changes_nothing(string route)
    {
        await using var host = await StartAsync();
        var path = await PathAsync(host, route);
        var before = host.Snapshot();
        var deep = string.Concat(Enumerable.Repeat("[", 3000));
        var wrong = new (string Type, byte[] Body)[]
        {
            (Json, Utf8("""{"decision":"\ud800","engaged":"\ud800","key":"\ud800","time":"\ud800"}""")),
            (Json, Utf8("""{"\udfff":"approve"}""")),
            (Json, Utf8("""{"decision":"approve","engaged":true,"key":"x","reason":"\ud800"}""")),
            (
                Json,
                Utf8(
                    """{"decision":"reject","decision":"approve","engaged":false,"engaged":true,"key":"x","key":"y","queue":1,"queue":2}"""
                )
            ),
            (Json, [.. "{\"decision\":\""u8, 0xFF, 0xFE, .. "\",\"engaged\":true}"u8]),
            (
                Json,
                [
                    .. "{\"decision\":\"approve\",\"engaged\":true,\"key\":\"x\",\"reason\":\""u8,
                    0xED,
                    0xA0,
                    0x80,
                    .. "\"}"u8,
                ]
            ),
            (Json, Utf8("{\"a\":" + deep)),
            (Json, Utf8(deep + new string(']', 3000))),
            (Json, Utf8("{\"decision\":{},\"engaged\":[],\"key\":7,\"queue\":\"x\"}")),
            (Json, Utf8("{\"decision\":\"approve\",\"engaged\":true,\"key\":\"x\",\"reason\":7}")),
            (Json, Utf8("{")),
            (Json, []),
            (Json, Utf8("\"approve\"")),
            (Json, Encoding.Unicode.GetBytes("{\"decision\":\"approve\",\"engaged\":true}")),
            (Form, Utf8(string.Join('&', Enumerable.Range(0, 5000).Select(number => $"f{number}=")))),
            (
                Form,
                Utf8(
                    string.Join('&', Enumerable.Range(0, 100).Select(number => $"f{number}="))
                        + "&decision=approve&engaged=true&key=x"
                )
            ),
            (Form, Utf8("decision=approve&decision=reject&engaged=true&engaged=false&key=x&key=y")),
            (Form, Utf8(new string('x', 3000) + "=1")),
            (Form, [.. "decision=approve&engaged=true&key=x&reason="u8, 0xFF]),
            ("multipart/form-data", Utf8("x")),
            (
                "multipart/form-data; boundary=x",
                Utf8("--x\r\nContent-Disposition: form-data; name=\"decision\"\r\n\r\napprove")
            ),
            (
                "multipart/form-data; boundary=x",
                Utf8("--x\r\nContent-Disposition: form-data; name=\"decision\"\r\n\r\napprove\r\n--x--\r\n")
            ),
            ("text/plain", Utf8("{\"decision\":\"approve\",\"engaged\":true}")),
            ("", Utf8("{\"decision\":\"approve\",\"engaged\":true}")),
            ("application/octet-stream", Utf8("decision=approve&engaged=true")),
        };
        foreach (var (type, body) in wrong)
        {
            using var message = Message(route, path, type, body);
            using var response = await host.Client().SendAsync(message, Cancel);
            var what = $"{type}: {Encoding.Latin1.GetString(body)[..Math.Min(body.Length, 80)]}";
            // Sign-in reads what is no key at all as a wrong one.
            Assert.True(
                response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge
                    || (
                        route == "SignIn"
                        && response.StatusCode == HttpStatusCode.Unauthorized
                        && !response.Headers.Contains("Set-Cookie")
                    ),
                $"{(int)response.StatusCode} for {what}"
            );
        }

        Assert.Equal(before, host.Snapshot());
    }

    [Theory]
    [MemberData(nameof(SmallBodies))]
    public async Task A_body_that_is_too_large_is_413_whether_it_says_its_length_or_not(string route)
    {
        await using var host = await StartAsync();
        var path = await PathAsync(host, route);
        foreach (var type in new[] { Json, Form })
        {
            foreach (var saysLength in new[] { true, false })
            {
                using var message = Message(route, path, type, []);
                var bytes = new byte[5 << 20];
                var endless = new EndlessStream();
                message.Content = saysLength ? new ByteArrayContent(bytes) : new StreamContent(endless);
                message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
                using var response = await host.Client().SendAsync(message, Cancel);
                var expected =
                    route == "PostFleetSamples" && type == Form
                        ? HttpStatusCode.BadRequest
                        : HttpStatusCode.RequestEntityTooLarge;
                Assert.Equal(expected, response.StatusCode);
                // The largest of these limits, and what buffers on the way hold.
                Assert.True(endless.Taken < 6 << 20, $"{endless.Taken} bytes were read.");
            }
        }
    }

    [Fact]
    public async Task A_reason_is_never_cut_within_a_character()
    {
        await using var host = await StartAsync();
        using var response = await host.Client(AnasKey)
            .PostAsync(
                "/api/killswitch",
                new StringContent(
                    $"{{\"engaged\":true,\"reason\":\"{new string('x', 499)}\U0001F600\"}}",
                    Encoding.UTF8,
                    Json
                ),
                Cancel
            );
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            new string('x', 499),
            (string?)System.Text.Json.Nodes.JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["reason"]
        );
    }

    /// <summary>Thousands of bodies near to and far from what is taken, over all routes that change something.
    /// SELFDEV_FUZZ asks for more.</summary>
    [Fact]
    public async Task No_body_makes_the_host_fail()
    {
        var count = int.Parse(
            Environment.GetEnvironmentVariable("SELFDEV_FUZZ") ?? "5000",
            CultureInfo.InvariantCulture
        );
        await using var host = await StartAsync();
        var routes = WebRoutes.All.Where(route => route.Method != "GET").Select(route => route.Name).ToList();
        var paths = new Dictionary<string, string>();
        foreach (var route in routes)
        {
            paths[route] = await PathAsync(host, route);
        }

        var seen = new Dictionary<int, int>();
        for (var seed = 0; seed < count; seed++)
        {
            var random = new Random(seed);
            var route = routes[seed % routes.Count];
            var body = Body(random, route);
            var type = Types[random.Next(Types.Length)];
            using var message = Message(route, paths[route], type, body);
            if (random.Next(4) == 0)
            {
                message.Content!.Headers.ContentLength = null;
                message.Headers.TransferEncodingChunked = true;
            }

            using var response = await host.Client().SendAsync(message, Cancel);
            var status = (int)response.StatusCode;
            seen[status] = seen.GetValueOrDefault(status) + 1;
            Assert.True(
                status < 500,
                $"seed {seed}: {route} answered {status} to {type}: "
                    + $"{Convert.ToHexString(body[..Math.Min(body.Length, 300)])}: "
                    + $"{await response.Content.ReadAsStringAsync(Cancel)}"
            );
        }

        // A fuzz that never gets through, or never is refused, tests nothing.
        TestContext.Current.SendDiagnosticMessage(
            string.Join(", ", seen.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}"))
        );
        Assert.True(
            seen.GetValueOrDefault(202) > count / 50
                && seen.GetValueOrDefault(400) > count / 4
                && seen.GetValueOrDefault(413) > 0
        );
    }

    /// <summary>What only a socket can send, against a real server.</summary>
    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n", "no chunk")]
    [InlineData("Transfer-Encoding: chunked\r\n", "2\r\n{}XX0\r\n\r\n", "a chunk that does not end")]
    [InlineData("Content-Length: 9223372036854775807\r\n", "{", "more than there is")]
    [InlineData("Content-Length: -1\r\n", "{}", "less than nothing")]
    public async Task A_broken_request_is_refused_by_its_status(string headers, string body, string what)
    {
        await using var host = await StartAsync(onSocket: true);
        foreach (var route in WebRoutes.All.Where(route => route.Method != "GET"))
        {
            var status = await RawAsync(host, route, headers, body, isCutOff: false);
            Assert.True(status is 400 or 413, $"{route.Name}, {what}: {status}");
        }

        Assert.Empty(host.Errors);
    }

    /// <summary>Whoever ends a request in its midst gets no answer: all that can be asked is that nothing is done and
    /// nothing fails.</summary>
    [Theory]
    [InlineData("Content-Length: 50\r\n", "{\"decision\":")]
    [InlineData("Content-Length: 26214400\r\n", "{")]
    [InlineData("Transfer-Encoding: chunked\r\n", "5\r\n{\"dec")]
    [InlineData("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n")]
    public async Task A_request_that_is_cut_off_does_nothing_and_fails_nothing(string headers, string body)
    {
        await using var host = await StartAsync(onSocket: true);
        foreach (var route in WebRoutes.All.Where(route => route.Method != "GET"))
        {
            foreach (var isReset in new[] { false, true })
            {
                var status = await RawAsync(host, route, headers, body, isCutOff: true, isReset);
                Assert.True(status is null or 400 or 413, $"{route.Name}: {status}");
            }
        }

        // The server may not have noticed yet: what it does in the end is what counts.
        await host.StopAsync();
        Assert.Empty(host.Errors);
        Assert.DoesNotContain(
            host.Snapshot(),
            blob =>
                blob.StartsWith("intake", StringComparison.Ordinal)
                || blob.Contains("decisions", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Twenty_five_megabytes_on_a_socket_are_refused_before_they_are_read()
    {
        await using var host = await StartAsync(onSocket: true);
        foreach (var route in SmallBodies.Select(row => row.Data))
        {
            using var message = Message(route, await PathAsync(host, route), Json, []);
            message.RequestUri = new Uri(host.Address!, message.RequestUri!);
            message.Headers.Remove("Origin");
            message.Headers.Add("Origin", host.Address!.GetLeftPart(UriPartial.Authority));
            message.Headers.ExpectContinue = true;
            message.Content = new ByteArrayContent(new byte[25 << 20]);
            message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(Json);
            using var client = host.Client();
            using var response = await client.SendAsync(message, Cancel);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }
    }

    private static async Task<string> PathAsync(WebHost host, string route) =>
        route switch
        {
            "DecideApproval" => host.Link(await host.AskAsync(quorum: 2), Bo),
            "PostApproval" => $"/api/approvals/{(await host.AskAsync(quorum: 2)).PlanHash}",
            "Decide" => $"/decide/{(await host.AskAsync(quorum: 2)).PlanHash}",
            "SignIn" => "/signin",
            "SetKillSwitch" => "/api/killswitch",
            "PostFleetSamples" => "/api/fleets/chat/samples",
            "PutArtifact" or "PostArtifact" => "/api/intake/training/run7/log.txt",
            _ => throw new ArgumentException($"The route {route} takes a body and has no path here."),
        };

    private static HttpRequestMessage Message(string route, string path, string type, byte[] body)
    {
        var message = new HttpRequestMessage(new HttpMethod(WebRoutes.Named(route).Method), path)
        {
            Content = new ByteArrayContent(body),
        };
        if (type.Length > 0)
        {
            message.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        message.Headers.Add("Origin", "http://localhost");
        if (WebRoutes.Named(route).Authorization == WebAuthorization.Principal)
        {
            message.Headers.Add("x-selfdev-key", AnasKey);
        }

        return message;
    }

    private static byte[] Body(Random random, string route)
    {
        var body = random.Next(12) switch
        {
            0 => Bytes(random, random.Next(200)),
            1 => Bytes(random, random.Next(30_000)),
            2 => Utf8(
                string.Join('&', Enumerable.Range(0, random.Next(40)).Select(_ => $"{Word(random)}={Word(random)}"))
            ),
            3 => Utf8(
                $"{{{string.Join(',', Enumerable.Range(0, random.Next(30)).Select(_ => $"\"{Word(random)}\":\"{Word(random)}\""))}}}"
            ),
            4 => Utf8(
                string.Concat(Enumerable.Repeat(random.Next(2) == 0 ? "[" : "{\"decision\":", random.Next(5000)))
            ),
            5 => Utf8(
                $"decision={Word(random)}&reason={Word(random)}&engaged={Word(random)}&key={Word(random)}&returnTo={Word(random)}"
            ),
            6 => Utf8(
                $"{{\"decision\":\"{Word(random)}\",\"reason\":\"{Word(random)}\",\"engaged\":{(random.Next(2) == 0 ? "true" : $"\"{Word(random)}\"")},\"key\":\"{Word(random)}\"}}"
            ),
            _ => Near(random, route),
        };
        for (var hits = random.Next(4); hits > 0 && body.Length > 0; hits--)
        {
            var at = random.Next(body.Length);
            body = random.Next(4) switch
            {
                0 => [.. body[..at], .. body[(at + 1)..]],
                1 => [.. body[..at], .. Utf8(Word(random)), .. body[at..]],
                2 => body[..at],
                _ => [.. body[..at], (byte)random.Next(256), .. body[(at + 1)..]],
            };
        }

        return body;
    }

    // What the route takes, before it is damaged.
    private static byte[] Near(Random random, string route) =>
        Utf8(
            route switch
            {
                "PostFleetSamples" =>
                    $$$"""
                [{"time":"2026-01-01T00:00:00Z","seconds":{{{Number(random)}}},"requests":{{{Number(
                    random
                )}}},"prefillTokens":{{{Number(random)}}},
                "completions":1,"outputTokens":{{{Number(random)}}},"queue":{{{Number(
                    random
                )}}},"runningByInstance":{"{{{Word(random)}}}":{{{Number(random)}}}}}]
                """,
                "SignIn" => $"key={AnasKey}&returnTo=%2F{Word(random)}",
                "SetKillSwitch" =>
                    $"{{\"engaged\":{(random.Next(2) == 0 ? "true" : "false")},\"reason\":\"{Word(random)}{new string('x', random.Next(600))}\"}}",
                _ => random.Next(2) == 0
                    ? $"decision=maybe&reason={Word(random)}"
                    : $"{{\"decision\":\"maybe\",\"reason\":\"{Word(random)}\"}}",
            }
        );

    private static string Number(Random random) =>
        random.Next(8) switch
        {
            0 => "-1",
            1 => "1e308",
            2 => "1e999",
            3 => "99999999999999999999999",
            4 => "0.1",
            _ => random.Next(100).ToString(CultureInfo.InvariantCulture),
        };

    private static string Word(Random random)
    {
        string[] words =
        [
            "approve",
            "reject",
            "true",
            "false",
            "decision",
            "reason",
            "engaged",
            "key",
            "returnTo",
            "\\ud800",
            "\\udc00\\ud800",
            "\\u0000",
            "%00",
            "%ED%A0%80",
            "%FF",
            "%",
            "%zz",
            "\U0001F600",
            "\u202E",
            "\"",
            "\\",
            "=",
            "&",
            ";",
            "\r\n",
            "//evil.example",
            "+",
            "1e9999",
            "null",
            "{}",
            "[",
            "\uFFFF",
            new('a', 3000),
        ];
        return string.Concat(Enumerable.Range(0, random.Next(3)).Select(_ => words[random.Next(words.Length)]));
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <returns>The answer's status; null where the connection ended without one.</returns>
    private static async Task<int?> RawAsync(
        WebHost host,
        WebRoute route,
        string headers,
        string body,
        bool isCutOff,
        bool isReset = false
    )
    {
        var path = await PathAsync(host, route.Name);
        var request =
            $"{route.Method} {path} HTTP/1.1\r\nHost: {host.Address!.Authority}\r\nx-selfdev-key: {AnasKey}\r\n"
            + $"Origin: {host.Address.GetLeftPart(UriPartial.Authority)}\r\nContent-Type: "
            + $"{Json}\r\n{headers}\r\n{body}";
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Address.Port, Cancel);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), Cancel);
        if (isReset)
        {
            client.LingerState = new LingerOption(enable: true, seconds: 0);
            client.Close();
            return null;
        }

        if (isCutOff)
        {
            client.Client.Shutdown(SocketShutdown.Send);
        }

        using var reader = new StreamReader(stream, Encoding.Latin1);
        try
        {
            var line = await reader.ReadLineAsync(Cancel);
            return line is null ? null : int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed class EndlessStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public long Taken { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Taken += count;
            return count;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
