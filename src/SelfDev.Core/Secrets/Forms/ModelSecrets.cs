using static SelfDev.Core.Secrets.Forms.SecretPattern;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>Keys of model vendors, of GPU clouds, and of the services that training runs report to.</summary>
internal static class ModelSecrets
{
    public static IReadOnlyList<SecretPattern> Table { get; } =
    [
        // Anthropic (gitleaks anthropic-*): API, admin and OAuth tokens.
        Token("anthropic-key", "sk-ant-[A-Za-z0-9_\\-]{20,}", "sk-ant-"),
        // OpenAI (gitleaks, trufflehog openai) and who took over its form: DeepSeek, OpenRouter, Langfuse, LiteLLM,
        // Moonshot. Looking random keeps names like sk-learn out.
        Token("openai-key", "sk-[A-Za-z0-9_\\-]{20,}", Checks.Random, "sk-"),
        // Hugging Face (gitleaks huggingface-*): user and organisation tokens, and the form before 2022.
        Token("huggingface-token", "(?:hf|api_org|api)_[A-Za-z0-9]{34,40}", "hf_", "api_"),
        Token("huggingface-token", "hf_(?:oauth|jwt)_[A-Za-z0-9_.\\-]{30,}", "hf_oauth_", "hf_jwt_"),
        // NVIDIA (trufflehog nvapi, ngc): keys, and the older keys of NGC beside a word of its own.
        Token("nvidia-key", "nvapi-[A-Za-z0-9_\\-]{40,}", "nvapi-"),
        Near(
            "nvidia-key",
            "ngc|nvcr|oauthtoken|nvidia",
            "[A-Za-z0-9]{26}:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9]{84}",
            Checks.RandomNoDigest,
            "ngc",
            "nvcr",
            "oauthtoken",
            "nvidia"
        ),
        // Replicate, Groq, xAI, Perplexity, Pinecone (trufflehog); Fireworks, Together, Cerebras, Voyage, Jina, Nomic,
        // Tavily, RunPod, Modal, Vast, ElevenLabs by their documentation.
        Brief("replicate-token", "r8_[A-Za-z0-9_\\-]{37,40}", "r8_"),
        Token("groq-key", "gsk_[A-Za-z0-9]{40,}", "gsk_"),
        Token("xai-key", "xai-[A-Za-z0-9_]{60,}", "xai-"),
        Token("perplexity-key", "pplx-[A-Za-z0-9]{40,}", "pplx-"),
        Token("pinecone-key", "pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,}", "pcsk_"),
        Brief("fireworks-key", "fw_[A-Za-z0-9]{20,}", "fw_"),
        Token("together-key", "tgp_v1_[A-Za-z0-9_\\-]{30,}", "tgp_v1_"),
        Brief("cerebras-key", "csk-[a-z0-9]{40,}", "csk-"),
        Brief("voyage-key", "(?:pa|al)-[A-Za-z0-9_\\-]{40,}", "pa-", "al-"),
        Token("jina-key", "jina_[A-Za-z0-9_\\-]{50,}", "jina_"),
        Brief("nomic-key", "nk-[A-Za-z0-9_\\-]{40,}", "nk-"),
        Token("tavily-key", "tvly-[A-Za-z0-9_\\-]{20,}", Checks.Random, "tvly-"),
        Brief("runpod-key", "rpa_[A-Z0-9]{40,}", "rpa_"),
        Brief("modal-token", "a[ks]-[A-Za-z0-9]{22}", "ak-", "as-"),
        Token("elevenlabs-key", "sk_[0-9a-f]{48}", "sk_"),
        // Databricks (gitleaks databricks-api-token): personal tokens, and the two of its services.
        Token("databricks-token", "(?:dapi|dkea|dose)[0-9a-f]{32}(?:-[0-9])?", "dapi", "dkea", "dose"),
        // LangSmith (trufflehog langsmith).
        Token("langsmith-key", "(?:lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}|ls__[0-9a-f]{32})", "lsv2_", "ls__"),
        // Weights & Biases (trufflehog weightsandbiases): 40 hex digits, so only beside its name, and where no commit
        // stands; local servers put "local-" before, keys since 2025 say their version.
        Near(
            "wandb-key",
            "wandb|weights ?(?:and|&) ?biases",
            "(?:local-)?[0-9a-f]{40}",
            Checks.NoDigest,
            "wandb",
            "weights"
        ),
        Token("wandb-key", "wandb_v[0-9]_[A-Za-z0-9_]{40,}", "wandb_v"),
        // Kaggle, Comet, Neptune, Cohere, Mistral, AI21, Deepgram, AssemblyAI, Stability and the like have keys without
        // a mark.
        Near(
            "vendor-key",
            "kaggle|comet_?ml|cohere|mistral|ai21|deepgram|assemblyai|clarifai|stability\\.?ai|lambda ?labs"
                + "|vast\\.?ai|clearml",
            "[A-Za-z0-9]{32,64}",
            Checks.RandomNoDigest,
            "kaggle",
            "comet",
            "cohere",
            "mistral",
            "ai21",
            "deepgram",
            "assemblyai",
            "clarifai",
            "stability",
            "lambda",
            "vast",
            "clearml"
        ),
    ];
}
