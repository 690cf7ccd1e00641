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

/// <summary>One endpoint. Both hosts map the same ones and call <see cref="InvokeAsync"/>, which checks and answers alike.</summary>
/// <param name="Name">Unique; the name of the Azure function.</param>
/// <param name="Method">A GET answers HEAD too.</param>
/// <param name="Pattern">Route template without a leading slash.</param>
/// <param name="Handler">The static method that answers; services come from <see cref="HttpContext.RequestServices"/>.</param>
public sealed record WebRoute(
    string Name, string Method, string Pattern, WebAuthorization Authorization, Func<HttpRequest, Task<IResult>> Handler)
{
    private const string CallerItem = "selfdev.caller";

    /// <summary>Authorizes, handles, and adds the headers that every answer carries. Failures become a problem document without inner details.</summary>
    public async Task<IResult> InvokeAsync(HttpRequest request)
    {
        var context = request.HttpContext;
        using var activity = WebTelemetry.Source.StartActivity($"{Method} /{Pattern}", ActivityKind.Server);
        WebHeaders.Add(context.Response);
        try
        {
            if (Authorization == WebAuthorization.Principal)
            {
                var caller = CallerIdentity.Find(
                    request,
                    context.RequestServices.GetRequiredService<WebOptions>(),
                    context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow());
                if (caller is null)
                {
                    WebTelemetry.Refused.Add(1, new KeyValuePair<string, object?>("route", Name));
                    return WebErrors.Unauthorized(request, "Send an API key in the header x-selfdev-key or as a bearer token.", offerSignIn: true);
                }

                context.Items[CallerItem] = caller;
            }

            return await Handler(request);
        }
        catch (BadHttpRequestException bad)
        {
            return WebErrors.Problem(request, bad.StatusCode, bad.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return Results.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
        catch (Exception failure)
        {
            Logs.RequestFailed(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("SelfDev.Web"), failure, Name);
            activity?.SetStatus(ActivityStatusCode.Error);
            return WebErrors.Problem(request, StatusCodes.Status500InternalServerError, "Something failed inside. The host's log has it under this route; trying again does no harm.");
        }
    }

    /// <summary>The caller of a route that asks for one.</summary>
    internal static Caller CallerOf(HttpRequest request) => (Caller)request.HttpContext.Items[CallerItem]!;
}
