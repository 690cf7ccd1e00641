using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Azure.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Core.Text;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Analysts;

/// <summary>
/// Explains findings with a language model through the <c>OpenAI</c> package: Azure OpenAI's v1 endpoint with an Entra
/// token, or any compatible server with a key. What leaves is the question's windows, redacted and fenced; what comes
/// back is believed only as far as <see cref="AnswerReader"/> and <see cref="CitationVerifier"/> go.
/// </summary>
public sealed class LanguageModelAnalyst : IAnalyst, IDisposable
{
    /// <summary>Times that an unusable answer is sent back before the rules explain instead.</summary>
    public const int MaxRepairs = 2;

    /// <summary>Answers that are kept for repeated keys.</summary>
    private const int KeptAnswers = 1_024;

    private readonly LanguageModelOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly ModelCalls _calls;
    private readonly SemaphoreSlim _slots;
    private readonly ConcurrentDictionary<string, Lazy<Task<AnalystAnswer>>> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _oldestAnswers = new();

    /// <param name="credential">For a token instead of a key; exactly one of the two is given.</param>
    /// <param name="transport">Null: the usual one, with neither redirects nor proxies of the environment's
    /// choosing.</param>
    /// <exception cref="ArgumentException">The options are out of range, or name both key and credential, or
    /// neither.</exception>
    public LanguageModelAnalyst(
        LanguageModelOptions options,
        TokenCredential? credential = null,
        TimeProvider? clock = null,
        ILogger<LanguageModelAnalyst>? logger = null,
        HttpMessageHandler? transport = null
    )
    {
        options.Validate();
        if (string.IsNullOrEmpty(options.Key) == credential is null)
        {
            throw new ArgumentException("Give the language model either a key or a token credential.", nameof(options));
        }

        _options = options;
        _clock = clock ?? TimeProvider.System;
        _logger = logger ?? NullLogger<LanguageModelAnalyst>.Instance;
        _calls = new ModelCalls(options, credential, new TokenBudget(options.TokensPerRun), _clock, transport);
        _slots = new SemaphoreSlim(options.MaxConcurrency);
    }

    /// <value>The name that was asked for; what the server says it ran stands in <see
    /// cref="AnalystUsage.Analyst"/>.</value>
    public string Name => _options.Model;

    /// <inheritdoc/>
    /// <remarks>
    /// In one process, calls with one <see cref="AnalystQuestion.IdempotencyKey"/> share one request and its answer; an
    /// unavailable answer is not kept. Across processes the key goes with the request (<c>Idempotency-Key</c>, hashed)
    /// for servers that heed it. Cancelling ends the wait, not the request, whose tokens are spent by then.
    /// </remarks>
    public Task<AnalystAnswer> ExplainAsync(AnalystQuestion question, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var shared = _answers.GetOrAdd(
            question.IdempotencyKey,
            _ => new Lazy<Task<AnalystAnswer>>(() => AnswerOnceAsync(question))
        );
        return shared.Value.WaitAsync(cancellation);
    }

    public void Dispose()
    {
        _calls.Dispose();
        _slots.Dispose();
    }

    // Whoever sees an unavailable answer may ask again at once: it is forgotten before the task ends.
    private async Task<AnalystAnswer> AnswerOnceAsync(AnalystQuestion question)
    {
        AnalystAnswer? answer = null;
        try
        {
            answer = await AnswerAsync(question).ConfigureAwait(false);
            return answer;
        }
        finally
        {
            if (answer is { Unavailable: null })
            {
                _oldestAnswers.Enqueue(question.IdempotencyKey);
                while (_oldestAnswers.Count > KeptAnswers && _oldestAnswers.TryDequeue(out var oldest))
                {
                    _answers.TryRemove(oldest, out _);
                }
            }
            else
            {
                _answers.TryRemove(question.IdempotencyKey, out _);
            }
        }
    }

    private async Task<AnalystAnswer> AnswerAsync(AnalystQuestion question)
    {
        await _slots.WaitAsync().ConfigureAwait(false);
        using var activity = AnalystTelemetry.Source.StartActivity("explain", ActivityKind.Client);
        activity?.SetTag("gen_ai.request.model", _options.Model);
        activity?.SetTag("selfdev.run", question.RunId);
        var started = _clock.GetTimestamp();
        try
        {
            var prompt = AnalystPrompt.Compose(question);
            var conversation = new Conversation(prompt, AnswerSchema.For(question, prompt));
            var answer = await ConverseAsync(question, prompt, conversation).ConfigureAwait(false);
            var latency = _clock.GetElapsedTime(started);
            var usage = new AnalystUsage(
                conversation.Checkpoint ?? _options.Model,
                conversation.InputTokens,
                conversation.CachedTokens,
                conversation.OutputTokens,
                latency
            );
            AnalystTelemetry.Record(usage, answer.Unavailable is null);
            activity?.SetTag("gen_ai.response.model", usage.Analyst);
            activity?.SetStatus(
                answer.Unavailable is null ? ActivityStatusCode.Ok : ActivityStatusCode.Error,
                answer.Unavailable
            );
            if (answer.Unavailable is null)
            {
                Logs.Explained(
                    _logger,
                    question.RunId,
                    usage.Analyst,
                    usage.InputTokens,
                    usage.OutputTokens,
                    answer.DroppedCitations
                );
            }
            else
            {
                Logs.NotExplained(_logger, question.RunId, answer.Unavailable);
            }

            return answer with
            {
                Usage = usage,
            };
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<AnalystAnswer> ConverseAsync(
        AnalystQuestion question,
        AnalystPrompt prompt,
        Conversation conversation
    )
    {
        string? rejection = null;
        for (var round = 0; round <= MaxRepairs; round++)
        {
            var reply = await _calls.AskAsync(conversation, rejection, question, round).ConfigureAwait(false);
            conversation.Count(reply);
            if (reply.Failure is not null)
            {
                return Unavailable(reply.Failure);
            }

            var (answer, reason) = AnswerReader.Read(reply.Text!, question, prompt);
            if (answer is not null)
            {
                return Verified(answer, prompt);
            }

            rejection = reason;
        }

        return Unavailable(
            string.Create(CultureInfo.InvariantCulture, $"its answer was unusable {MaxRepairs + 1} times: {rejection}")
        );
    }

    // An action that rests on no line of the artifact is not recommended.
    private static AnalystAnswer Verified(ModelAnswer answer, AnalystPrompt prompt)
    {
        var (citations, dropped) = CitationVerifier.Verify(answer.Citations, prompt.Shown);
        return new AnalystAnswer(
            answer.Cause,
            citations,
            dropped + answer.UnknownFiles,
            citations.Count > 0 ? answer.Action : null,
            null,
            NoUsage
        )
        {
            Signs = answer.Signs,
        };
    }

    private static AnalystAnswer Unavailable(string reason) =>
        new("", [], 0, null, SafeText.SingleLine(reason), NoUsage);

    // Filled in once the latency is known.
    private static AnalystUsage NoUsage { get; } = new("", 0, 0, 0, TimeSpan.Zero);
}
