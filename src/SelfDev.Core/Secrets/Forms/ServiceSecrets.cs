using static SelfDev.Core.Secrets.Forms.SecretPattern;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>Keys of chat, mail, paging, monitoring, payment and office services.</summary>
internal static class ServiceSecrets
{
    private const string Uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

    public static IReadOnlyList<SecretPattern> Table { get; } =
    [
        // Slack, "Token types" and "Incoming webhooks" (gitleaks slack-*).
        Token("slack-token", "xox[abceoprs](?:\\.xox[bp])?-[A-Za-z0-9\\-]{10,}", "xox"),
        Token("slack-token", "xapp-[0-9]-[A-Za-z0-9\\-]{20,}", "xapp-"),
        Place(
            "slack-webhook",
            "hooks\\.slack\\.com/(?:services|workflows|triggers)/(?<s>[A-Za-z0-9+/_\\-]{30,})",
            null,
            "hooks.slack.com"
        ),
        // Microsoft Teams and Office connectors (gitleaks microsoft-teams-webhook).
        Place(
            "teams-webhook",
            "(?i)/IncomingWebhook/(?<s>[A-Za-z0-9\\-]{20,}(?:/[A-Za-z0-9_\\-]{8,}){0,3})",
            null,
            "IncomingWebhook"
        ),
        // Discord (trufflehog discordwebhook; detect-secrets discord): webhooks, bot tokens.
        Place(
            "discord-webhook",
            "(?i)discord(?:app)?\\.com/api/(?:v[0-9]+/)?webhooks/[0-9]{5,}/(?<s>[A-Za-z0-9_\\-]{30,})",
            null,
            "discord"
        ),
        // A bot's token begins with the base64 of its number, and so with M, N or O and one of D, T, j, z.
        Token(
            "discord-token",
            "[MNO][DTjz][A-Za-z0-9_\\-]{21,27}\\.[A-Za-z0-9_\\-]{6}\\.[A-Za-z0-9_\\-]{27,40}",
            Checks.Random,
            "MD",
            "MT",
            "Mj",
            "Mz",
            "ND",
            "NT",
            "Nj",
            "Nz",
            "OD",
            "OT"
        ),
        // Telegram (gitleaks telegram-bot-api-token): number of the bot, then its key.
        Place("telegram-token", "(?:^|[^A-Za-z0-9]|bot)(?<s>[0-9]{8,10}:A[A-Za-z0-9_\\-]{34})", Checks.Random, ":AA"),
        // Zapier, Google Chat, Mattermost and other addresses that are credentials themselves.
        Place("webhook", "hooks\\.zapier\\.com/hooks/catch/(?<s>[A-Za-z0-9/]{10,})", null, "hooks.zapier.com"),
        Place(
            "webhook",
            "chat\\.googleapis\\.com/v1/spaces/[^\\s\"']{1,80}[?&]key=(?<s>[^\\s\"']{20,})",
            null,
            "chat.googleapis.com"
        ),
        Place(
            "webhook",
            "(?i)https?://[^\\s/\"']{1,200}/(?:hooks|webhooks?)/(?<s>[A-Za-z0-9_\\-]{20,})",
            Checks.Random,
            "/hooks/",
            "/webhook"
        ),
        // Mail: SendGrid (detect-secrets sendgrid), Mailgun and Mailchimp (gitleaks, trufflehog), Brevo, Postmark,
        // Resend.
        Token("sendgrid-key", "SG\\.[A-Za-z0-9_\\-]{16,24}\\.[A-Za-z0-9_\\-]{30,50}", "SG."),
        Word("mailgun-key", "key-[0-9a-z]{32}", Checks.Random, "key-"),
        Near("mailgun-key", "mailgun", "[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}", null, "mailgun"),
        Marked("mailchimp-key", "[0-9a-f]{32}-us[0-9]{1,2}", null, "-us"),
        Token("brevo-key", "xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}", "xkeysib-"),
        Near("postmark-token", "postmark", Uuid, null, "postmark"),
        Brief("resend-key", "re_[A-Za-z0-9]{6,}_[A-Za-z0-9]{20,}", "re_"),
        // Twilio (gitleaks twilio-api-key, detect-secrets twilio): key and account; the token of an account has no
        // mark.
        Word("twilio-key", "(?:SK|AC)[0-9a-f]{32}", null, "SK", "AC"),
        Near("twilio-token", "twilio", "[0-9a-f]{32}", Checks.NoDigest, "twilio"),
        Place("twilio-token", "AC[0-9a-f]{32}[\"']?\\s*[:,]\\s*[\"']?(?<s>[0-9a-f]{32})", null, "AC") with
        {
            Begins = true,
        },
        // Paging: PagerDuty (trufflehog pagerdutyapikey), Opsgenie.
        Near(
            "pagerduty-key",
            "pager_?-?duty",
            "(?:u\\+[A-Za-z0-9_+\\-]{18}|[A-Za-z0-9_\\-]{20}|[0-9a-f]{32})",
            Checks.Random,
            "pager"
        ),
        Near("opsgenie-key", "opsgenie|geniekey", Uuid, null, "opsgenie", "geniekey"),
        // Monitoring: Grafana (gitleaks grafana-*), New Relic (trufflehog), Sentry (gitleaks), Dynatrace, Datadog,
        // Honeycomb, Splunk.
        Token("grafana-token", "gl(?:c_[A-Za-z0-9+/=]{32,}|sa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8})", "glc_", "glsa_"),
        Token("grafana-token", "eyJrIjoi[A-Za-z0-9+/]{40,}={0,3}", "eyJrIjoi"),
        Token("newrelic-key", "NR(?:AK|II|IQ|JS|RA|BR|SP|AA|AL|MA|FN)-[A-Za-z0-9_\\-]{19,}", "NR"),
        Marked("newrelic-key", "(?:eu01xx)?[0-9a-zA-Z]{28,36}NRAL", null, "NRAL"),
        Token(
            "sentry-token",
            "sntry(?:s_[A-Za-z0-9+/=_\\-]{40,}|[ui]_[0-9a-f]{40,64})",
            "sntrys_",
            "sntryu_",
            "sntryi_"
        ),
        Place("sentry-dsn", "https?://(?<s>[0-9a-f]{32}(?::[0-9a-f]{32})?)@", null, "://"),
        Token("dynatrace-token", "dt0[a-z][0-9]{2}\\.[A-Z0-9]{24}\\.[A-Z0-9]{60,64}", "dt0"),
        Near(
            "datadog-key",
            "datadog|ddog|\\bdd[_-]",
            "(?:[0-9a-f]{32}|[0-9a-f]{40})",
            Checks.NoDigest,
            "datadog",
            "ddog",
            "dd_",
            "dd-"
        ),
        Near(
            "honeycomb-key",
            "honeycomb|x-honeycomb-team",
            "(?:[0-9a-f]{32}|[A-Za-z0-9]{22})",
            Checks.RandomNoDigest,
            "honeycomb"
        ),
        Near("splunk-token", "splunk", Uuid, null, "splunk"),
        // Identity: Okta (gitleaks okta-access-token); Auth0 by assignment.
        Near("okta-token", "okta|ssws", "00[A-Za-z0-9_\\-]{40}", Checks.Random, "okta", "ssws"),
        // Fastly, Cloudflare (gitleaks cloudflare-*, trufflehog cloudflareapitoken): tokens, global keys, origin CA
        // keys.
        Near("fastly-token", "fastly", "[A-Za-z0-9_\\-]{32}", Checks.Random, "fastly"),
        Near(
            "cloudflare-token",
            "cloudflare|\\bcf[_-]",
            "(?:[A-Za-z0-9_\\-]{40}|[0-9a-f]{37})",
            Checks.RandomNoDigest,
            "cloudflare",
            "cf_",
            "cf-"
        ),
        Token("cloudflare-token", "cf[ua]t_[A-Za-z0-9]{40}[0-9a-f]{8}", "cfut_", "cfat_"),
        Token("cloudflare-token", "v1\\.0-[0-9a-f]{24}-[0-9a-f]{40,146}", "v1.0-"),
        // Payment and shops: Stripe, Square, Shopify (gitleaks).
        Token("stripe-key", "(?:[sr]k_(?:live|test|prod)|whsec)_[A-Za-z0-9]{16,}", "sk_", "rk_", "whsec_"),
        Brief("square-token", "(?:sq0(?:atp|csp)-[A-Za-z0-9_\\-]{22,}|EAAA[A-Za-z0-9_\\-]{56,})", "sq0", "EAAA"),
        Token("shopify-token", "shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", "shpat_", "shpca_", "shppa_", "shpss_"),
        // Office: Linear, Notion, Figma, Airtable, HubSpot, Dropbox, Facebook, ngrok (gitleaks, trufflehog).
        Token("linear-key", "lin_(?:api|oauth)_[A-Za-z0-9]{32,}", "lin_api_", "lin_oauth_"),
        Token("notion-token", "(?:ntn_[0-9]{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})", "ntn_", "secret_"),
        Token("figma-token", "fig[dpou][rh]?_[A-Za-z0-9_=\\-]{40,}", "figd", "figp", "figo", "figu"),
        Near("airtable-token", "airtable", "pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}", null, "airtable"),
        Token("hubspot-token", "pat-(?:na|eu|ap)[0-9]-" + Uuid, "pat-"),
        Brief("dropbox-token", "sl\\.[A-Za-z0-9_\\-=]{60,}", "sl."),
        Brief("facebook-token", "EAA[MC][A-Za-z0-9]{80,}", "EAAM", "EAAC"),
        Near("facebook-token", "facebook", "[0-9]{15,16}(?:\\||%7C)[A-Za-z0-9_\\-]{27,40}", null, "facebook"),
        Near("ngrok-token", "ngrok", "2[A-Za-z0-9]{26}_[0-9][A-Za-z0-9]{20}", null, "ngrok"),
    ];
}
