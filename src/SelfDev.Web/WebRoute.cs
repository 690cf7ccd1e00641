using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Web.Pages;

namespace SelfDev.Web;

/// <summary>What a caller has to bring.</summary>
public enum WebAuthorization
{
    /// <summary>Nothing; the answer tells nothing either.</summary>
    None,

    /// <summary>The token in the path is the proof.</summary>
    ApprovalLink,

    /// <summary>An API key, a session, or an authenticated principal.</summary>
    Principal,
}

/// <summary>One endpoint. Both hosts map the same ones and call <see cref="InvokeAsync"/>, which checks and answers
/// alike.</summary>
/// <param name="Name">Unique; the name of the Azure function.</param>
/// <param name="Method">A GET answers HEAD too.</param>
/// <param name="Pattern">Route template without a leading slash.</param>
/// <param name="Handler">The static method that answers; services come from <see
/// cref="HttpContext.RequestServices"/>.</param>
public sealed record WebRoute(
    string Name,
    string Method,
    string Pattern,
    WebAuthorization Authorization,
    Func<HttpRequest, Task<IResult>> Handler
)
{
    private const string CallerItem = "selfdev.caller";

    /// <value>Whether it answers under any host name, as probes of a platform ask. Default false (<see
    /// cref="HostNames"/>).</value>
    public bool AnyHost { get; init; }

    /// <summary>
    /// Checks under which name (<see cref="HostNames"/>), from which page (<see cref="RequestOrigin"/>) and for whom it
    /// was called, handles, and adds the headers that every answer carries. Failures become a problem document without
    /// inner details.
    /// </summary>
    public async Task<IResult> InvokeAsync(HttpRequest request)
    {
        var context = request.HttpContext;
        using var activity = WebTelemetry.Source.StartActivity($"{Method} /{Pattern}", ActivityKind.Server);
        WebHeaders.Add(context.Response);
        try
        {
            if (Refuse(request) is { } refusal)
            {
                WebTelemetry.Refused.Add(1, new KeyValuePair<string, object?>("route", Name));
                return refusal;
            }

            return await Handler(request);
        }
        // A storage client may wrap what the body that it was copying threw.
        catch (Exception failure) when (BadRequestIn(failure) is { } bad)
        {
            return WebErrors.Problem(request, bad.StatusCode, bad.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return Results.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
        catch (Exception failure)
        {
            Logs.RequestFailed(Logger(context.RequestServices), failure, Name);
            activity?.SetStatus(ActivityStatusCode.Error);
            return WebErrors.Problem(
                request,
                StatusCodes.Status500InternalServerError,
                "Something failed inside. The host's log has it under this route; trying again does no harm."
            );
        }
    }

    /// <summary>The caller of a route that asks for one.</summary>
    internal static Caller CallerOf(HttpRequest request) => (Caller)request.HttpContext.Items[CallerItem]!;

    private IResult? Refuse(HttpRequest request)
    {
        var services = request.HttpContext.RequestServices;
        var options = services.GetRequiredService<WebOptions>();
        if (!AnyHost && !HostNames.IsOurs(request, options))
        {
            Logs.ForeignHost(Logger(services), Name);
            return WebErrors.Problem(request, StatusCodes.Status421MisdirectedRequest, HostNames.Refusal);
        }

        if (Authorization != WebAuthorization.Principal)
        {
            return
                RequestOrigin.Refusal(request, options, mustProve: Authorization == WebAuthorization.None)
                    is { } foreign
                ? Foreign(request, foreign)
                : null;
        }

        var (caller, unproven) = CallerIdentity.Identify(
            request,
            options,
            services.GetRequiredService<TimeProvider>().GetUtcNow()
        );
        if (caller is null)
        {
            return unproven is null
                ? WebErrors.Unauthorized(
                    request,
                    options.TrustEasyAuthHeaders
                        ? "Sign in, or bring a bearer token for this app. A key of a developer's machine goes into the "
                            + "header x-selfdev-key."
                        : "Send an API key in the header x-selfdev-key.",
                    offerSignIn: true
                )
                : Foreign(request, unproven);
        }

        request.HttpContext.Items[CallerItem] = caller;
        return null;
    }

    private IResult Foreign(HttpRequest request, string refusal)
    {
        Logs.ForeignOrigin(Logger(request.HttpContext.RequestServices), Name);
        return WebErrors.Problem(request, StatusCodes.Status403Forbidden, refusal);
    }

    private static BadHttpRequestException? BadRequestIn(Exception? failure)
    {
        while (failure is not (null or BadHttpRequestException))
        {
            failure = failure.InnerException;
        }

        return (BadHttpRequestException?)failure;
    }

    private static ILogger Logger(IServiceProvider services) =>
        services.GetRequiredService<ILoggerFactory>().CreateLogger("SelfDev.Web");
}
