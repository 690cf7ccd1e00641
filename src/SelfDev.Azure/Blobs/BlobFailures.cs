using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;
using SelfDev.Core.Text;
using SelfDev.Workflows.Engine;

namespace SelfDev.Azure.Blobs;

/// <summary>Turns what the storage SDK throws into what a caller can act on.</summary>
internal static class BlobFailures
{
    /// <returns>Null for what is no failure of storage, cancellation by the caller included.</returns>
    public static Exception? Translate(Exception failure, string container, string name, CancellationToken cancellation)
    {
        var place = name.Length == 0 ? $"container '{container}'" : $"'{container}/{SafeText.SingleLine(name)}'";
        return failure switch
        {
            RequestFailedException { Status: 401 or 403 } denied => new NonRetryableException(
                $"Storage denies access to {place} ({denied.ErrorCode ?? "no code"}). The identity needs the role "
                    + $"Storage Blob Data Contributor, or the key is wrong.",
                denied
            ),
            RequestFailedException { Status: 404 } missing when missing.ErrorCode == BlobErrorCode.ContainerNotFound =>
                new NonRetryableException(
                    $"There is no container '{container}'. The host creates it at its start; deployments create it "
                        + $"from the template.",
                    missing
                ),
            RequestFailedException { Status: 400 } refused => new NonRetryableException(
                $"Storage refuses the request for {place} ({refused.ErrorCode ?? "no code"}).",
                refused
            ),
            RequestFailedException other => new IOException(
                FormattableString.Invariant(
                    $"Storage answered {other.Status} ({other.ErrorCode ?? "no code"}) for {place}, after retries."
                ),
                other
            ),
            AuthenticationFailedException signIn => new NonRetryableException(
                $"No sign-in for storage ({place}): {signIn.Message}",
                signIn
            ),
            AggregateException attempts => new IOException(
                $"Storage cannot be reached for {place}: {attempts.InnerExceptions[^1].Message}",
                attempts
            ),
            OperationCanceledException when !cancellation.IsCancellationRequested => new IOException(
                $"Storage did not answer in time for {place}.",
                failure
            ),
            _ => null,
        };
    }
}
