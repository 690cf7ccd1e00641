using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Web.Endpoints;

namespace SelfDev.Web;

/// <summary>Every endpoint there is. A host maps all of them and no other.</summary>
public static class WebRoutes
{
    public static IReadOnlyList<WebRoute> All { get; } =
    [
        new("Dashboard", "GET", "", WebAuthorization.Principal, OperationsEndpoints.DashboardAsync),
        new("ShowSignIn", "GET", "signin", WebAuthorization.None, SignInEndpoints.ShowAsync),
        new("SignIn", "POST", "signin", WebAuthorization.None, SignInEndpoints.SignInAsync),
        new("OpenSignInLink", "GET", "signin/{token}", WebAuthorization.None, SignInEndpoints.OpenLinkAsync),
        new("Health", "GET", "healthz", WebAuthorization.None, OperationsEndpoints.HealthAsync) { AnyHost = true },
        new("ShowApproval", "GET", "approvals/{token}", WebAuthorization.ApprovalLink, ApprovalEndpoints.ShowAsync),
        new(
            "DecideApproval",
            "POST",
            "approvals/{token}",
            WebAuthorization.ApprovalLink,
            ApprovalEndpoints.DecideByLinkAsync
        ),
        new("ShowDecision", "GET", "decide/{id}", WebAuthorization.Principal, ApprovalEndpoints.ShowSignedInAsync),
        new("Decide", "POST", "decide/{id}", WebAuthorization.Principal, ApprovalEndpoints.DecideSignedInAsync),
        new("ListApprovals", "GET", "api/approvals", WebAuthorization.Principal, ApprovalEndpoints.ListAsync),
        new("GetApproval", "GET", "api/approvals/{id}", WebAuthorization.Principal, ApprovalEndpoints.GetAsync),
        new(
            "PostApproval",
            "POST",
            "api/approvals/{id}",
            WebAuthorization.Principal,
            ApprovalEndpoints.DecideByKeyAsync
        ),
        new("ListInstances", "GET", "api/instances", WebAuthorization.Principal, InstanceEndpoints.ListAsync),
        new("GetInstance", "GET", "api/instances/{id}", WebAuthorization.Principal, InstanceEndpoints.GetAsync),
        new(
            "GetReport",
            "GET",
            "api/reports/{instance}/{file}",
            WebAuthorization.Principal,
            InstanceEndpoints.ReportAsync
        ),
        new("PutArtifact", "PUT", "api/intake/{**path}", WebAuthorization.Principal, IntakeEndpoints.DropAsync),
        new("PostArtifact", "POST", "api/intake/{**path}", WebAuthorization.Principal, IntakeEndpoints.DropAsync),
        new("GetFleet", "GET", "api/fleets/{name}", WebAuthorization.Principal, FleetEndpoints.ShowAsync),
        new(
            "PostFleetSamples",
            "POST",
            "api/fleets/{name}/samples",
            WebAuthorization.Principal,
            FleetEndpoints.AddSamplesAsync
        ),
        new("GetLedgerHead", "GET", "api/ledger/head", WebAuthorization.Principal, LedgerEndpoints.HeadAsync),
        new("ListLedgerHeads", "GET", "api/ledger/heads", WebAuthorization.Principal, LedgerEndpoints.HeadsAsync),
        new("ListLedgerEntries", "GET", "api/ledger/entries", WebAuthorization.Principal, LedgerEndpoints.EntriesAsync),
        new("GetLedgerEntry", "GET", "api/ledger/entries/{n}", WebAuthorization.Principal, LedgerEndpoints.EntryAsync),
        new("AuditStorage", "GET", "api/audit", WebAuthorization.Principal, LedgerEndpoints.AuditAsync),
        new(
            "GetKillSwitch",
            "GET",
            "api/killswitch",
            WebAuthorization.Principal,
            OperationsEndpoints.ReadKillSwitchAsync
        ),
        new(
            "SetKillSwitch",
            "POST",
            "api/killswitch",
            WebAuthorization.Principal,
            OperationsEndpoints.SetKillSwitchAsync
        ),
    ];

    /// <exception cref="KeyNotFoundException">No route of that name.</exception>
    public static WebRoute Named(string name) =>
        All.FirstOrDefault(route => route.Name == name)
        ?? throw new KeyNotFoundException($"There is no route '{name}'.");

    /// <summary>
    /// What the endpoints need beside the workflows' own services: <see cref="WebOptions"/>. The host adds the ports,
    /// the approval key ring, <c>ApprovalRequests</c>, <c>DecisionStore</c>, <c>ApprovalDecisions</c>,
    /// <c>KillSwitch</c> and a <see cref="TimeProvider"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The options are wrong; the message says where.</exception>
    public static IServiceCollection AddSelfDevWeb(this IServiceCollection services, WebOptions options)
    {
        options.Validate();
        return services.AddSingleton(options);
    }

    /// <summary>Maps every route on ASP.NET Core routing.</summary>
    public static IEndpointRouteBuilder MapSelfDev(this IEndpointRouteBuilder endpoints)
    {
        foreach (var route in All)
        {
            string[] methods = route.Method == HttpMethods.Get ? [HttpMethods.Get, HttpMethods.Head] : [route.Method];
            endpoints
                .MapMethods(
                    "/" + route.Pattern,
                    methods,
                    async context => await (await route.InvokeAsync(context.Request)).ExecuteAsync(context)
                )
                .WithName(route.Name);
        }

        return endpoints;
    }
}
