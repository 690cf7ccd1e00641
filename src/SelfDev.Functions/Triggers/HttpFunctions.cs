using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using SelfDev.Functions.Hosting;
using SelfDev.Web;

namespace SelfDev.Functions.Triggers;

/// <summary>
/// One function a route of SelfDev.Web, which checks who calls and answers: the trigger asks for no key of its own. The
/// Functions host takes an empty route for "the function's name", hence the one that matches nothing else.
/// </summary>
public sealed class HttpFunctions(AmbientWorkflowClient workflows)
{
    private const string Root = "{root:maxlength(0)?}";

    [Function(nameof(Dashboard))]
    public Task<IResult> Dashboard(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Root)] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(Dashboard), request, client);

    [Function(nameof(ShowSignIn))]
    public Task<IResult> ShowSignIn(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "signin")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(ShowSignIn), request, client);

    [Function(nameof(SignIn))]
    public Task<IResult> SignIn(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "signin")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(SignIn), request, client);

    [Function(nameof(OpenSignInLink))]
    public Task<IResult> OpenSignInLink(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "signin/{token}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(OpenSignInLink), request, client);

    [Function(nameof(Health))]
    public Task<IResult> Health(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "healthz")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(Health), request, client);

    [Function(nameof(ShowApproval))]
    public Task<IResult> ShowApproval(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "approvals/{token}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(ShowApproval), request, client);

    [Function(nameof(DecideApproval))]
    public Task<IResult> DecideApproval(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "approvals/{token}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(DecideApproval), request, client);

    [Function(nameof(ShowDecision))]
    public Task<IResult> ShowDecision(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "decide/{id}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(ShowDecision), request, client);

    [Function(nameof(Decide))]
    public Task<IResult> Decide(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "decide/{id}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(Decide), request, client);

    [Function(nameof(ListApprovals))]
    public Task<IResult> ListApprovals(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/approvals")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(ListApprovals), request, client);

    [Function(nameof(GetApproval))]
    public Task<IResult> GetApproval(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/approvals/{id}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(GetApproval), request, client);

    [Function(nameof(PostApproval))]
    public Task<IResult> PostApproval(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/approvals/{id}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(PostApproval), request, client);

    [Function(nameof(ListInstances))]
    public Task<IResult> ListInstances(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/instances")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(ListInstances), request, client);

    [Function(nameof(GetInstance))]
    public Task<IResult> GetInstance(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/instances/{id}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(GetInstance), request, client);

    [Function(nameof(GetReport))]
    public Task<IResult> GetReport(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/reports/{instance}/{file}")]
            HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(GetReport), request, client);

    [Function(nameof(PutArtifact))]
    public Task<IResult> PutArtifact(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/intake/{*path}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(PutArtifact), request, client);

    [Function(nameof(PostArtifact))]
    public Task<IResult> PostArtifact(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/intake/{*path}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(PostArtifact), request, client);

    [Function(nameof(GetFleet))]
    public Task<IResult> GetFleet(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/fleets/{name}")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(GetFleet), request, client);

    [Function(nameof(PostFleetSamples))]
    public Task<IResult> PostFleetSamples(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/fleets/{name}/samples")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(PostFleetSamples), request, client);

    [Function(nameof(GetLedgerHead))]
    public Task<IResult> GetLedgerHead(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/ledger/head")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(GetLedgerHead), request, client);

    [Function(nameof(ListLedgerHeads))]
    public Task<IResult> ListLedgerHeads(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/ledger/heads")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(ListLedgerHeads), request, client);

    [Function(nameof(ListLedgerEntries))]
    public Task<IResult> ListLedgerEntries(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/ledger/entries")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(ListLedgerEntries), request, client);

    [Function(nameof(GetLedgerEntry))]
    public Task<IResult> GetLedgerEntry(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/ledger/entries/{n}")]
            HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(GetLedgerEntry), request, client);

    [Function(nameof(AuditStorage))]
    public Task<IResult> AuditStorage(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/audit")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(AuditStorage), request, client);

    [Function(nameof(GetKillSwitch))]
    public Task<IResult> GetKillSwitch(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/killswitch")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(GetKillSwitch), request, client);

    [Function(nameof(SetKillSwitch))]
    public Task<IResult> SetKillSwitch(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/killswitch")] HttpRequest request,
        [DurableClient] DurableTaskClient client
    ) => AnswerAsync(nameof(SetKillSwitch), request, client);

    // Async, so that the loan ends with the call.
    private async Task<IResult> AnswerAsync(string route, HttpRequest request, DurableTaskClient client)
    {
        workflows.Lend(client);
        return await WebRoutes.Named(route).InvokeAsync(request);
    }
}
