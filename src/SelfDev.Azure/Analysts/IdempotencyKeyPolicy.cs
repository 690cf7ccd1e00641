using System.ClientModel.Primitives;
using System.Security.Cryptography;
using System.Text;

namespace SelfDev.Azure.Analysts;

/// <summary>
/// Sends the question's key as <c>Idempotency-Key</c> (draft-ietf-httpapi-idempotency-key-header). Hashed, because a
/// key holds names that users chose, which are neither for the server nor safe in a header.
/// </summary>
internal sealed class IdempotencyKeyPolicy : PipelinePolicy
{
    public const string Header = "Idempotency-Key";

    private static readonly AsyncLocal<string?> Current = new();

    public static IdempotencyKeyPolicy Instance { get; } = new();

    /// <summary>For the requests of this asynchronous flow, until disposed.</summary>
    public static IDisposable Use(string key)
    {
        Current.Value = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32];
        return new Scope();
    }

    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Set(message);
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(
        PipelineMessage message,
        IReadOnlyList<PipelinePolicy> pipeline,
        int currentIndex
    )
    {
        Set(message);
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    private static void Set(PipelineMessage message)
    {
        if (Current.Value is { } key)
        {
            message.Request.Headers.Set(Header, key);
        }
    }

    private sealed class Scope : IDisposable
    {
        public void Dispose() => Current.Value = null;
    }
}
