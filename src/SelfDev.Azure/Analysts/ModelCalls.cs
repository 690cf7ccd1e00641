using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Net;
using Azure.Core;
using OpenAI;
using OpenAI.Chat;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Analysts;

/// <summary>
/// Requests to the model's server: retries that heed Retry-After, a circuit breaker over all of them, and a time-out
/// for each attempt. Every outcome is a <see cref="ModelReply"/>.
/// </summary>
internal sealed class ModelCalls : IDisposable
{
    /// <summary>Bytes of one reply that are read; an answer of the form asked for has a few thousand.</summary>
    internal const long MaxReplyBytes = 1 << 20;

    private readonly LanguageModelOptions _options;
    private readonly HttpClient _http;
    private readonly ChatClient _client;
    private readonly ResiliencePipeline _pipeline;
    private readonly TokenBudget _budget;

    public ModelCalls(
        LanguageModelOptions options,
        TokenCredential? credential,
        TokenBudget budget,
        TimeProvider clock,
        HttpMessageHandler? transport
    )
    {
        _options = options;
        _budget = budget;
        // A redirect would carry log lines to a place that nobody configured.
        transport ??= new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        _http = new HttpClient(new CappedReplyHandler(MaxReplyBytes) { InnerHandler = transport })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var clientOptions = new OpenAIClientOptions
        {
            Endpoint = options.Endpoint,
            Transport = new HttpClientPipelineTransport(_http),
            // Time-outs and retries are the pipeline's below; two layers would multiply.
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        };
        clientOptions.AddPolicy(IdempotencyKeyPolicy.Instance, PipelinePosition.PerCall);
#pragma warning disable OPENAI001 // The only constructor that takes a token; Azure's v1 endpoint documents it.
        _client = credential is null
            ? new ChatClient(options.Model, new ApiKeyCredential(options.Key!), clientOptions)
            : new ChatClient(options.Model, new BearerTokenPolicy(credential, options.TokenScope), clientOptions);
#pragma warning restore OPENAI001
        _pipeline = Pipeline(options, clock);
    }

    /// <param name="rejection">Why the last answer was unusable; null in the first round.</param>
    /// <param name="round">0 for the question itself, then one more for each repair.</param>
    public async Task<ModelReply> AskAsync(
        Conversation conversation,
        string? rejection,
        AnalystQuestion question,
        int round
    )
    {
        try
        {
            return await _pipeline
                .ExecuteAsync(async cancellation =>
                    await AttemptAsync(conversation, rejection, question, round, cancellation).ConfigureAwait(false)
                )
                .ConfigureAwait(false);
        }
        catch (BrokenCircuitException)
        {
            return ModelReply.Failed("the server failed repeatedly and is left alone for a while");
        }
        catch (TimeoutRejectedException)
        {
            return ModelReply.Failed(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"no complete answer within {_options.Timeout.TotalSeconds} s"
                )
            );
        }
        catch (ClientResultException refused)
        {
            return ModelReply.Failed(Refusal(refused));
        }
        catch (ReplyTooLargeException)
        {
            return ModelReply.Failed(
                string.Create(CultureInfo.InvariantCulture, $"the reply is larger than {MaxReplyBytes} bytes")
            );
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or AggregateException)
        {
            return ModelReply.Failed("the server could not be reached or broke off");
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // The SDK throws whatever its reader meets in a reply that is not of the protocol; a credential whatever
            // its source does.
            return ModelReply.Failed($"the call ended with {failure.GetType().Name}");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// One request, with its own reservation: an attempt that was lost on the way may have cost all it could, and the
    /// next one costs again.
    /// </summary>
    private async Task<ModelReply> AttemptAsync(
        Conversation conversation,
        string? rejection,
        AnalystQuestion question,
        int round,
        CancellationToken cancellation
    )
    {
        var worstInput = conversation.WorstCaseTokens(rejection);
        using var reservation = _budget.TryReserve(question.RunId, worstInput + _options.MaxOutputTokens);
        if (reservation is null)
        {
            return ModelReply.Failed(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the run's budget of {_budget.TokensPerRun} tokens leaves less than the "
                        + $"{worstInput + _options.MaxOutputTokens} that this call can cost"
                )
            );
        }

        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = _options.MaxOutputTokens,
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
                AnswerSchema.Name,
                BinaryData.FromString(conversation.Schema),
                jsonSchemaIsStrict: true
            ),
        };
        try
        {
            using var key = IdempotencyKeyPolicy.Use($"{question.IdempotencyKey}:{round}");
            ChatCompletion completion = await _client
                .CompleteChatAsync(conversation.Messages(rejection), options, cancellation)
                .ConfigureAwait(false);
            var reply = Read(completion, worstInput);
            reservation.Settle(reply.InputTokens + reply.OutputTokens);
            return reply;
        }
        // Refused before anything was generated. What a 500 or a gateway's time-out has cost nobody knows: it counts in
        // full.
        catch (ClientResultException refused)
            when (refused.Status is (>= 400 and < 500) or (int)HttpStatusCode.ServiceUnavailable)
        {
            reservation.Settle(0);
            throw;
        }
    }

    private ModelReply Read(ChatCompletion completion, long worstInput)
    {
        // Without usage nobody knows what it cost: the worst case it is.
        var usage = completion.Usage;
        var reply = new ModelReply(
            null,
            null,
            completion.Model,
            Math.Max(0, usage?.InputTokenCount ?? worstInput),
            Math.Max(0, usage?.InputTokenDetails?.CachedTokenCount ?? 0),
            Math.Max(0, usage?.OutputTokenCount ?? _options.MaxOutputTokens)
        );
        return completion switch
        {
            { Refusal.Length: > 0 } => reply with { Failure = "the model refused to answer" },
            { FinishReason: ChatFinishReason.Length } => reply with
            {
                Failure = string.Create(
                    CultureInfo.InvariantCulture,
                    $"the answer did not fit into {_options.MaxOutputTokens} tokens"
                ),
            },
            { FinishReason: ChatFinishReason.ContentFilter } => reply with
            {
                Failure = "the server's content filter withheld the answer",
            },
            _ => reply with { Text = string.Concat(completion.Content.Select(part => part.Text)) },
        };
    }

    private static ResiliencePipeline Pipeline(LanguageModelOptions options, TimeProvider clock)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = clock };
        if (options.MaxRetries > 0)
        {
            builder.AddRetry(
                new RetryStrategyOptions
                {
                    MaxRetryAttempts = options.MaxRetries,
                    Delay = options.RetryDelay,
                    MaxDelay = options.MaxRetryDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    ShouldHandle = arguments =>
                        ValueTask.FromResult(
                            arguments.Outcome.Exception is { } failure
                                && IsTransient(failure)
                                && !(RetryAfter(failure, clock) > options.MaxRetryDelay)
                        ),
                    DelayGenerator = arguments => ValueTask.FromResult(RetryAfter(arguments.Outcome.Exception, clock)),
                }
            );
        }

        return builder
            .AddCircuitBreaker(
                new CircuitBreakerStrategyOptions
                {
                    FailureRatio = 0.5,
                    MinimumThroughput = options.BreakerThroughput,
                    // A server that hangs fails no more often than attempts time out: the window has to hold several
                    // rounds of them.
                    SamplingDuration = options.BreakerWindow,
                    BreakDuration = options.BreakDuration,
                    // Being throttled is not being broken: Retry-After is the answer to that.
                    ShouldHandle = arguments =>
                        ValueTask.FromResult(
                            arguments.Outcome.Exception is { } failure
                                && IsTransient(failure)
                                && failure is not ClientResultException { Status: (int)HttpStatusCode.TooManyRequests }
                        ),
                }
            )
            .AddTimeout(new TimeoutStrategyOptions { Timeout = options.Timeout })
            .Build();
    }

    private static bool IsTransient(Exception failure) =>
        failure switch
        {
            ClientResultException refused => refused.Status is 408 or 429 or >= 500 or 0,
            TimeoutRejectedException or HttpRequestException or IOException => true,
            _ => false,
        };

    // RFC 9110 section 10.2.3: seconds or a date; retry-after-ms is what Azure OpenAI adds.
    private static TimeSpan? RetryAfter(Exception? failure, TimeProvider clock)
    {
        if ((failure as ClientResultException)?.GetRawResponse()?.Headers is not { } headers)
        {
            return null;
        }

        if (
            headers.TryGetValue("retry-after-ms", out var milliseconds)
            && double.TryParse(
                milliseconds,
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var exact
            )
            && exact < int.MaxValue
        )
        {
            return TimeSpan.FromMilliseconds(exact);
        }

        if (!headers.TryGetValue("Retry-After", out var value))
        {
            return null;
        }

        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return TimeSpan.FromSeconds(seconds);
        }

        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? TimeSpan.FromTicks(Math.Max(0, (at - clock.GetUtcNow()).Ticks))
            : null;
    }

    // The server's own words may quote the prompt: only the status is told.
    private static string Refusal(ClientResultException refused) =>
        refused.Status switch
        {
            0 => "the server could not be reached or broke off",
            401 or 403 => string.Create(
                CultureInfo.InvariantCulture,
                $"the server refused the key or token (HTTP {refused.Status})"
            ),
            404 => "the server knows no such model or deployment (HTTP 404)",
            429 => "the server is throttling (HTTP 429)",
            >= 500 => string.Create(CultureInfo.InvariantCulture, $"the server failed (HTTP {refused.Status})"),
            _ => string.Create(CultureInfo.InvariantCulture, $"the server refused the request (HTTP {refused.Status})"),
        };
}
