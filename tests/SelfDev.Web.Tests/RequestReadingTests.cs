using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SelfDev.Web.Tests;

/// <summary>How a request is read: the limits of a small body, met and passed by one, where it leads back to, and what
/// answer it would rather have.</summary>
public class RequestReadingTests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Json = "application/json";

    [Theory]
    [InlineData(Json, 16, true)]
    [InlineData(Json, 17, false)]
    [InlineData(Form, 16, true)]
    [InlineData(Form, 17, false)]
    public async Task Sixteen_fields_are_read(string type, int count, bool expected)
    {
        var fields = Enumerable
            .Range(0, count)
            .Select(number => type == Json ? $"\"f{number}\":\"v\"" : $"f{number}=v")
            .ToList();
        var text = type == Json ? $"{{{string.Join(',', fields)}}}" : string.Join('&', fields);
        if (expected)
        {
            Assert.Equal("v", (await SmallBody.ReadAsync(Request(type, text), 1_000)).Text("f15"));
        }
        else
        {
            Assert.Equal(400, (await RefusedAsync(Request(type, text), 1_000)).StatusCode);
        }
    }

    [Theory]
    [InlineData(Json, 100)]
    [InlineData(Form, 100)]
    [InlineData(Json, 16_384)]
    [InlineData(Json, 16_385)]
    [InlineData(Form, 50_000)]
    public async Task As_many_bytes_as_are_allowed_are_read_and_not_one_more(string type, int bytes)
    {
        var text = type == Json ? $$"""{"a":"{{new string('x', bytes - 8)}}"}""" : "a=" + new string('x', bytes - 2);
        Assert.Equal(bytes, text.Length);
        Assert.Equal(
            type == Json ? bytes - 8 : bytes - 2,
            (await SmallBody.ReadAsync(Request(type, text), bytes)).Text("a")!.Length
        );
        var refused = await RefusedAsync(Request(type, text), bytes - 1);
        Assert.Equal((413, $"At most {bytes - 1} bytes are read here."), (refused.StatusCode, refused.Message));
    }

    [Theory]
    [InlineData("APPLICATION/X-WWW-Form-Urlencoded ; charset=utf-8", "a=1")]
    [InlineData("application/json; charset=utf-8", "{\"a\":\"1\"}")]
    [InlineData("application/problem+json", "{\"a\":\"1\"}")]
    public async Task A_type_is_told_whatever_else_stands_beside_it(string type, string text) =>
        Assert.Equal("1", (await SmallBody.ReadAsync(Request(type, text), 100)).Text("a"));

    [Theory]
    [InlineData(Form, "a=1", "Send application/json,")]
    [InlineData(null, "{}", "Send application/json,")]
    public async Task Where_JSON_is_asked_for_nothing_else_is_taken(string? type, string text, string expected)
    {
        var refused = await Assert.ThrowsAsync<BadHttpRequestException>(() =>
            SmallBody.ReadJsonAsync(Request(type, text), 100)
        );
        Assert.Equal(400, refused.StatusCode);
        Assert.StartsWith(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_is_text_and_a_flag_is_true_or_false()
    {
        var body = await SmallBody.ReadAsync(
            Request(
                Json,
                """{"text":"t","empty":"","none":null,"number":7,"list":[],"yes":true,"no":false,"told":"True","denied":"false","maybe":"yes"}"""
            ),
            1_000
        );
        Assert.Equal(
            ("t", null, null, null),
            (body.Text("text"), body.Text("empty"), body.Text("none"), body.Text("absent"))
        );
        foreach (var other in new[] { "number", "list", "yes", "no" })
        {
            var refused = Assert.Throws<BadHttpRequestException>(() => body.Text(other));
            Assert.Equal((400, $"'{other}' must be text."), (refused.StatusCode, refused.Message));
        }

        Assert.Equal(
            (true, false, true, false),
            (body.Flag("yes"), body.Flag("no"), body.Flag("told"), body.Flag("denied"))
        );
        foreach (var other in new[] { "maybe", "number", "list", "none", "empty", "absent" })
        {
            Assert.Null(body.Flag(other));
        }
    }

    [Theory]
    [InlineData(Json, "[]", "Send one JSON object.")]
    [InlineData(Json, "{", "The JSON cannot be read: ")]
    [InlineData(Json, """{"a":1,"a":2}""", "The JSON cannot be read: ")]
    [InlineData(Json, """{"a":"\ud800"}""", "The JSON holds text that is no Unicode")]
    [InlineData(Form, "a=1&b=2&a=3", "The field 'a' stands there more than once.")]
    [InlineData("text/plain", "a=1", "Send application/x-www-form-urlencoded or application/json")]
    [InlineData(null, "a=1", "Send application/x-www-form-urlencoded or application/json")]
    public async Task The_sender_is_told_what_is_wrong(string? type, string text, string expected)
    {
        var refused = await RefusedAsync(Request(type, text), 1_000);
        Assert.Equal(400, refused.StatusCode);
        Assert.StartsWith(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_the_senders_fault_and_the_servers_own_refusal_stays_what_it_is()
    {
        var cut = Request(Json, "{}");
        cut.Body = new FailingStream(new IOException("reset"));
        var told = await RefusedAsync(cut, 100);
        Assert.Equal((400, "The body broke off."), (told.StatusCode, told.Message));

        var large = Request(Json, "{}");
        large.Body = new FailingStream(new BadHttpRequestException("too large for the server", 413));
        Assert.Equal(413, (await RefusedAsync(large, 100)).StatusCode);
    }

    [Theory]
    [InlineData(false, 100L)]
    [InlineData(true, 7L)]
    public async Task The_server_is_told_the_limit_where_it_still_can_be(bool isReadOnly, long expected)
    {
        var limit = new BodySize { IsReadOnly = isReadOnly, MaxRequestBodySize = 7 };
        var request = Request(Json, "{}");
        request.HttpContext.Features.Set<IHttpMaxRequestBodySizeFeature>(limit);
        await SmallBody.ReadAsync(request, 100);
        Assert.Equal(expected, limit.MaxRequestBodySize);
    }

    [Theory]
    [InlineData(2_048, true)]
    [InlineData(2_049, false)]
    public void A_path_to_return_to_has_a_longest(int length, bool expected) =>
        Assert.Equal(expected, ReturnPath.IsLocal("/" + new string('x', length - 1)));

    [Theory]
    [InlineData("/!", true)]
    [InlineData("/~", true)]
    [InlineData("/ ", false)]
    [InlineData("/\u007f", false)]
    [InlineData("/a//b", true)]
    [InlineData("x", false)]
    [InlineData(null, false)]
    public void A_path_to_return_to_is_of_visible_letters(string? path, bool expected) =>
        Assert.Equal(expected, ReturnPath.IsLocal(path));

    // A browser gets a page and a program JSON, by what each would rather have.
    [Theory]
    [InlineData("text/html", null, true)]
    [InlineData("TEXT/HTML", null, true)]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", null, true)]
    [InlineData("image/png, text/html", null, true)]
    [InlineData("application/json;q=0.5, text/html", null, true)]
    [InlineData("application/json;q=0.5, text/html;q=0.6", null, true)]
    [InlineData("text/html;q=0.5, application/json", null, false)]
    [InlineData("text/html;q=0.1, application/problem+json;q=0.2", null, false)]
    [InlineData("application/json", null, false)]
    [InlineData("*/*", null, false)]
    [InlineData("", null, false)]
    [InlineData(";;;", null, false)]
    [InlineData("text/html", Json, false)]
    [InlineData("text/html", Form, true)]
    public void Who_names_HTML_first_gets_a_page(string accept, string? type, bool expected)
    {
        var request = Request(type, "");
        request.Headers.Accept = accept;
        Assert.Equal(expected, SelfDev.Web.Pages.WebErrors.WantsPage(request));
    }

    private static Task<BadHttpRequestException> RefusedAsync(HttpRequest request, int maxBytes) =>
        Assert.ThrowsAsync<BadHttpRequestException>(() => SmallBody.ReadAsync(request, maxBytes));

    private static HttpRequest Request(string? type, string text)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = HttpMethods.Post;
        request.ContentType = type;
        request.Body = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return request;
    }

    private sealed class BodySize : IHttpMaxRequestBodySizeFeature
    {
        public bool IsReadOnly { get; init; }

        public long? MaxRequestBodySize { get; set; }
    }

    private sealed class FailingStream(Exception failure) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromException<int>(failure);
    }
}
