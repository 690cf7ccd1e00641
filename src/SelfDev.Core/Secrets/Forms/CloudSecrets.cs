using static SelfDev.Core.Secrets.Forms.SecretPattern;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>Keys of AWS, Azure, Google Cloud and smaller clouds.</summary>
internal static class CloudSecrets
{
    public static IReadOnlyList<SecretPattern> Table { get; } =
    [
        // AWS IAM unique identifiers: access keys (AKIA), temporary ones (ASIA), bearer tokens (ABIA), context
        // credentials (ACCA).
        Token("aws-key", "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}", "AKIA", "ASIA", "ABIA", "ACCA"),
        // STS session tokens begin with the version of their envelope (trufflehog aws/session_keys).
        Token(
            "aws-session",
            "(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz|FwoDYXdz|FQoDYXdz)[A-Za-z0-9/+=%]{60,}",
            "IQoJb3JpZ2lu",
            "FwoGZXIvYXdz",
            "FQoGZXIvYXdz",
            "FwoDYXdz",
            "FQoDYXdz"
        ),
        // Bedrock (gitleaks aws-amazon-bedrock-api-key-*).
        Token("aws-bedrock-key", "ABSK[A-Za-z0-9+/]{60,}={0,2}", "ABSK"),
        Token("aws-bedrock-key", "bedrock-api-key-[A-Za-z0-9+/=]{40,}", "bedrock-api-key-"),
        // Signature Version 4 in a URL: whoever has it may do what it was signed for.
        Place("aws-signature", "X-Amz-(?:Signature|Security-Token)=(?<s>[A-Za-z0-9%+/=_\\-]{32,})", null, "X-Amz-S"),
        // AppSync (trufflehog aws/appsync).
        Word("aws-appsync-key", "da2-[a-z0-9]{26}", Checks.Random, "da2-"),
        // 64 random bytes in base64: Azure Storage, Cosmos DB, Batch. Lock files of npm hold SHA-512 in the same form.
        Marked("azure-storage-key", "[A-Za-z0-9+/]{86}==", Checks.NoDigest, "=="),
        Place(
            "azure-storage-key",
            "(?:AccountKey|SharedAccessKey|SharedSecretValue)\\s*=\\s*(?<s>[A-Za-z0-9+/]{40,86}={0,2})",
            null,
            "AccountKey",
            "SharedAccessKey",
            "SharedSecretValue"
        ),
        // The signature is what makes a SAS a credential (blobs, Service Bus, Logic Apps); the rest says what it was
        // for.
        Place("azure-sas", "\\bsig=(?<s>[A-Za-z0-9%+/_\\-]{30,}(?:%3[dD]|=)*)", null, "sig="),
        // App Configuration (trufflehog azureappconfigconnectionstring), function keys in a URL.
        Place("azure-key", ";Secret=(?<s>[A-Za-z0-9+/]{30,}={0,2})", null, ";Secret="),
        Place("azure-key", "[?&]code=(?<s>[A-Za-z0-9_\\-/+%]{40,}={0,2})", null, "?code=", "&code="),
        // Entra client secrets (gitleaks azure-ad-client-secret), refresh tokens (trufflehog azure_entra/refreshtoken).
        Marked("azure-client-secret", "[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.\\-]{31,34}", null, "Q~"),
        Token("azure-refresh-token", "[01]\\.A[A-Za-z0-9_\\-]{50,}\\.[A-Za-z0-9_\\-.]{8,}", "0.A", "1.A"),
        // Common annotated security keys (github.com/microsoft/security-utilities): the signature JQQJ at character 52.
        Marked("azure-key", "[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9+/]{26,31}={0,2}", null, "JQQJ9"),
        // Older keys with a signature near their end (same source): Container Registry, Service Bus, Event Hubs, Relay,
        // Search, Functions, Redis, Cosmos DB, API Management, IoT, machine learning, Storage.
        Marked(
            "azure-key",
            "[A-Za-z0-9+/_\\-]{33,76}(?:\\+ACR|\\+ASb|\\+AEh|\\+ARm|\\+AMC|\\+ASt|AzSe|AzFu|AzCa|ACDb|APIM"
                + "|AIoT)[A-Za-z0-9+/_\\-]{5,8}={0,2}",
            Checks.Random,
            "+ACR",
            "+ASb",
            "+AEh",
            "+ARm",
            "+AMC",
            "+ASt",
            "AzSe",
            "AzFu",
            "AzCa",
            "ACDb",
            "APIM",
            "AIoT"
        ),
        // Azure DevOps personal access tokens: 84 characters with AZDO at 76, and the older 52 of base32
        // (trufflehog azuredevopspersonalaccesstoken). The latter are looked for in runs, see SecretPatterns.Runs.
        Marked("azure-devops-token", "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}", null, "AZDO"),
        // Google: API keys, OAuth access tokens (trufflehog googleoauth2), client secrets, refresh tokens.
        Token("google-key", "AIza[A-Za-z0-9_\\-]{35}", "AIza"),
        Token("google-token", "ya29\\.[A-Za-z0-9_\\-.]{20,}", "ya29."),
        Token("google-client-secret", "GOCSPX-[A-Za-z0-9_\\-]{20,}", "GOCSPX-"),
        Token("google-token", "1//0[A-Za-z0-9_\\-]{35,}", Checks.Random, "1//0"),
        Place("google-signature", "X-Goog-Signature=(?<s>[A-Za-z0-9%]{32,})", null, "X-Goog-Signature="),
        // DigitalOcean (gitleaks digitalocean-*).
        Token("digitalocean-token", "do[opr]_v1_[0-9a-f]{40,64}", "dop_v1_", "doo_v1_", "dor_v1_"),
        // Alibaba Cloud (gitleaks alibaba-access-key-id), Tencent Cloud, Yandex (gitleaks yandex-*), Scaleway, Fly.io,
        // Heroku.
        Token("alibaba-key", "LTAI[A-Za-z0-9]{16,21}", "LTAI"),
        Token("tencent-key", "AKID[A-Za-z0-9]{32}", "AKID"),
        Token(
            "yandex-key",
            "(?:AQVN[A-Za-z0-9_\\-]{35,38}|t1\\.[A-Za-z0-9_\\-]{20,}\\.[A-Za-z0-9_\\-]{20,})",
            "AQVN",
            "t1."
        ),
        Brief("scaleway-key", "SCW[A-Z0-9]{17}", "SCW"),
        Brief(
            "fly-token",
            "(?:fm[12][ar]?_[A-Za-z0-9+/_\\-]{60,}={0,3}|fo1_[A-Za-z0-9_\\-]{43})",
            "fm1",
            "fm2_",
            "fo1_"
        ),
        Token("heroku-key", "HRKU-[A-Za-z0-9_\\-]{30,}", "HRKU-"),
        // Supabase, PlanetScale, Neon, Netlify, Pulumi, Doppler, Infracost, Prefect (gitleaks; trufflehog netlify,
        // supabasetoken).
        Token("supabase-key", "sb(?:p|_secret)_[A-Za-z0-9_\\-]{30,}", "sbp_", "sb_secret_"),
        Token("planetscale-key", "pscale_(?:tkn|oauth|pw)_[A-Za-z0-9=._\\-]{32,64}", "pscale_"),
        Brief("neon-key", "(?:npg_[A-Za-z0-9]{12,}|napi_[a-z0-9]{40,})", "npg_", "napi_"),
        Token("netlify-token", "nfp_[A-Za-z0-9_]{36}", "nfp_"),
        Brief("pulumi-token", "pul-[0-9a-f]{40}", "pul-"),
        Token("doppler-token", "dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9._\\-]{40,}", "dp."),
        Brief("infracost-key", "ico-[A-Za-z0-9]{32}", "ico-"),
        Brief("prefect-key", "pn[ub]_[A-Za-z0-9]{36}", "pnu_", "pnb_"),
    ];
}
