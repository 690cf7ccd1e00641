using Microsoft.AspNetCore.Http;

namespace SelfDev.Web;

/// <summary>
/// Where a browser goes after its sign-in: the page that it wanted. Always a path of this host, so that nobody can make
/// a link to our sign-in that ends on a page of theirs.
/// </summary>
internal static class ReturnPath
{
    /// <summary>Name of the form's field.</summary>
    public const string Field = "returnTo";

    /// <summary>The dashboard.</summary>
    public const string Default = "/";

    private const int MaxChars = 2048;
    private const string ApprovalPages = "/approvals/";

    /// <summary>The page that a request asks for: its own address, or where it only posts, the page that it posts
    /// from.</summary>
    public static string Of(HttpRequest request)
    {
        var path = request.PathBase.Add(request.Path);
        var isPage = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        // An approval's form posts to its page's own address.
        return isPage || path.StartsWithSegments(ApprovalPages.TrimEnd('/'), StringComparison.Ordinal)
            ? Accept(path.ToUriComponent() + (isPage ? request.QueryString.ToUriComponent() : ""))
            : Default;
    }

    /// <summary>The path if it is one of this host, else the dashboard's.</summary>
    public static string Accept(string? path) => IsLocal(path) ? path! : Default;

    /// <summary>
    /// Whether a browser takes it for a path of this host: one slash and no second, no backslash (which browsers read
    /// as a slash), no blank or control character (which they drop), nothing outside ASCII (which a header cannot
    /// carry).
    /// </summary>
    public static bool IsLocal(string? path) =>
        path is ['/', ..]
        && path is not ['/', '/', ..]
        && path.Length <= MaxChars
        && path.All(letter => letter is > ' ' and < '\u007F' and not '\\');
}
