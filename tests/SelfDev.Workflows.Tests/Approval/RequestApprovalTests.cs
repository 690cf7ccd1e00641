using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Approval;

public sealed class RequestApprovalTests : IDisposable
{
    private static readonly Uri AnasHook = new("https://hooks.example.com/ana");

    private readonly FakeClock _clock = new(Asked.Now);
    private readonly FixedPolicySource _policy = new(
        Asked.Policy with
        {
            People = new Dictionary<string, PolicyPerson> { [Asked.Ana] = new(AnasHook) },
        }
    );

    private readonly TrustRoom _trust;
    private readonly RequestApproval _ask;

    public RequestApprovalTests()
    {
        _trust = new TrustRoom(_clock, _policy);
        var links = new ApprovalLinks(_trust.Keys, new Uri("https://selfdev.example/"), _clock);
        _ask = new RequestApproval(_trust.Requests, _trust.Decisions, links, _policy, _trust.Ledger, _trust.Told);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_person_gets_a_link_of_their_own_and_what_others_may_read_has_none()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);
        await RunAsync(request);
        Assert.Equal([Asked.Ana, Asked.Bo, Asked.Cy], _trust.Told.All.Select(told => told.Recipient));
        Assert.Equal([AnasHook, null, null], _trust.Told.All.Select(told => told.Address));
        Assert.Equal(3, _trust.Told.All.Select(told => told.Link).Distinct().Count());
        Assert.All(
            _trust.Told.All,
            told => Assert.Equal($"https://selfdev.example/decide/{request.PlanHash}", told.SharedLink!.ToString())
        );
        Assert.All(
            _trust.Told.All,
            told =>
                Assert.StartsWith(
                    "https://selfdev.example/approvals/v1.",
                    told.Link!.ToString(),
                    StringComparison.Ordinal
                )
        );
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(1, true)]
    public async Task Where_a_sign_in_is_needed_no_link_has_authority_not_even_a_personal_one(int quorum, bool signIn)
    {
        var request = Asked.Request(quorum: quorum);
        request = await _trust.Requests.WriteAsync(
            request with
            {
                Requirement = request.Requirement with { SignIn = signIn },
            },
            Cancel
        );
        await RunAsync(request);
        Assert.All(_trust.Told.All, told => Assert.Equal($"/decide/{request.PlanHash}", told.Link!.AbsolutePath));
        Assert.All(_trust.Told.All, told => Assert.Contains("signed in", told.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_has_decided_is_not_reminded()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(quorum: 2), Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo), Cancel);
        await RunAsync(request, reminder: 1);
        Assert.Equal([Asked.Ana, Asked.Cy], _trust.Told.All.Select(told => told.Recipient));
        Assert.All(_trust.Told.All, told => Assert.Equal("approval-reminder", told.Topic));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task It_is_tried_again_only_where_nobody_could_be_told(int failures, bool expected)
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);
        var notifier = new RecordingNotifier(failures);
        var links = new ApprovalLinks(_trust.Keys, new Uri("https://selfdev.example/"), _clock);
        var ask = new RequestApproval(_trust.Requests, _trust.Decisions, links, _policy, _trust.Ledger, notifier);

        var failure = await Record.ExceptionAsync(() =>
            ask.RunAsync(new RequestApprovalInput(request.PlanHash, 0), new ActivityContext("run7", "key", Cancel))
        );

        Assert.Equal(expected, failure is NotDeliveredException { Message: "no answer" });
        Assert.Equal(3, notifier.All.Count);
    }

    [Fact]
    public async Task Where_everybody_has_decided_nobody_is_told_and_nothing_fails()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(quorum: 1, approvers: Asked.Ana), Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        await RunAsync(request);
        Assert.Empty(_trust.Told.All);
    }

    [Theory]
    [InlineData("training/run7", "scale-fleet on training/run7 waits for your decision")]
    [InlineData(null, "scale-fleet on " + Asked.FleetId + " waits for your decision")]
    public async Task A_message_names_what_it_is_about(string? subject, string expected)
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request() with { Subject = subject }, Cancel);
        await RunAsync(request);
        Assert.All(_trust.Told.All, told => Assert.Equal(expected, told.Title));
    }

    // An unreadable policy file names no addresses; people are told on the shared channel all the same.
    [Fact]
    public async Task Without_a_policy_people_are_told_without_addresses()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);
        var links = new ApprovalLinks(_trust.Keys, new Uri("https://selfdev.example/"), _clock);
        var missing = new PolicyFile(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N")));
        var ask = new RequestApproval(_trust.Requests, _trust.Decisions, links, missing, _trust.Ledger, _trust.Told);
        await ask.RunAsync(new RequestApprovalInput(request.PlanHash, 0), new ActivityContext("run7", "key", Cancel));
        Assert.Equal([null, null, null], _trust.Told.All.Select(told => told.Address));
    }

    [Fact]
    public async Task A_policy_file_is_read_up_to_its_limit_and_one_that_cannot_be_read_is_named()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                path,
                "{ \"schema\": \"selfdev.policy/1\", \"rules\": [ { \"action\": \"*\", \"approvers\": [\"ana\"], "
                    + "\"expiresAfter\": \"1h\" } ] }",
                Cancel
            );
            Assert.Equal(["ana"], (await new PolicyFile(path).ReadAsync(Cancel)).Policy!.Rules[0].Approvers);
            await File.AppendAllTextAsync(path, new string(' ', ApprovalPolicyFormat.MaxBytes), Cancel);
            var large = await new PolicyFile(path).ReadAsync(Cancel);
            Assert.Null(large.Policy);
            Assert.Contains($"{path} has", Assert.Single(large.Errors), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }

        var gone = await new PolicyFile(path).ReadAsync(Cancel);
        Assert.Null(gone.Policy);
        Assert.StartsWith(
            $"The policy file {path} cannot be read: ",
            Assert.Single(gone.Errors),
            StringComparison.Ordinal
        );
    }

    public void Dispose() => _trust.Dispose();

    private Task<Nothing> RunAsync(ApprovalRequest request, int reminder = 0) =>
        _ask.RunAsync(new RequestApprovalInput(request.PlanHash, reminder), new ActivityContext("run7", "key", Cancel));
}
