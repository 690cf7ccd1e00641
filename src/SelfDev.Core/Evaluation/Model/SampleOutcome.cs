namespace SelfDev.Core.Evaluation.Model;

/// <summary>How one sample ended. The order is that of the transition matrix.</summary>
public enum SampleOutcome
{
    Pass,

    /// <summary>There was an answer, and it was not right.</summary>
    Wrong,

    /// <summary>No answer, or an empty patch.</summary>
    Empty,

    /// <summary>An answer that the scorer's parser took nothing from.</summary>
    ParseError,

    /// <summary>Time, token or message limit.</summary>
    Timeout,

    /// <summary>The harness failed, not the model: an exception, a sandbox, an image that did not build.</summary>
    HarnessError,

    /// <summary>The model declined.</summary>
    Refused,
}
