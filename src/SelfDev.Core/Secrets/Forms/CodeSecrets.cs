using static SelfDev.Core.Secrets.Forms.SecretPattern;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>Keys of code hosts, of registries of packages and images, and of build services.</summary>
internal static class CodeSecrets
{
    public static IReadOnlyList<SecretPattern> Table { get; } =
    [
        // GitHub, "GitHub's token formats" (gitleaks github-*).
        Token("github-token", "gh[pousr]_[A-Za-z0-9]{36,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        Token("github-token", "github_pat_[A-Za-z0-9_]{22,255}", "github_pat_"),
        // GitLab, "Token overview" (gitleaks gitlab-*, detect-secrets gitlab_token): personal, deploy, runner, job,
        // trigger, feed, agent, OAuth, SCIM, mail and feature flag tokens.
        Token(
            "gitlab-token",
            "gl(?:pat|dt|rt|rtr|cbt|ptt|ft|agent|oas|soat|imt|ffct|wt)-[A-Za-z0-9_\\-.]{20,}",
            "glpat-",
            "gldt-",
            "glrt-",
            "glrtr-",
            "glcbt-",
            "glptt-",
            "glft-",
            "glagent-",
            "gloas-",
            "glsoat-",
            "glimt-",
            "glffct-",
            "glwt-"
        ),
        Token("gitlab-token", "GR1348941[A-Za-z0-9_\\-]{20,}", "GR1348941"),
        Place("gitlab-token", "_gitlab_session=(?<s>[0-9a-f]{32})", null, "_gitlab_session="),
        // Bitbucket app passwords (trufflehog bitbucketapppassword), Atlassian API tokens (gitleaks
        // atlassian-api-token).
        Token("bitbucket-token", "ATBB[A-Za-z0-9_=.\\-]{24,}", "ATBB"),
        Token("atlassian-token", "AT(?:A|C|S)TT3[A-Za-z0-9_\\-=+/]{60,}", "ATATT3", "ATCTT3", "ATSTT3"),
        // npm, PyPI, RubyGems, crates.io, NuGet, Clojars (gitleaks; NuGet by microsoft/security-utilities; crates.io by
        // its source).
        Token("npm-token", "npm_[A-Za-z0-9]{36}", "npm_"),
        Token("pypi-token", "pypi-[A-Za-z0-9_\\-]{50,}", "pypi-"),
        Token("rubygems-key", "rubygems_[0-9a-f]{48}", "rubygems_"),
        Word("crates-token", "cio[A-Za-z0-9]{32}", null, "cio"),
        Word("nuget-key", "oy2[a-z0-9]{43}", Checks.Random, "oy2"),
        Token("clojars-token", "CLOJARS_[0-9a-z]{60}", "CLOJARS_"),
        // Docker Hub (trufflehog dockerhub/v2), JFrog (gitleaks artifactory-*).
        Token("docker-token", "dckr_[po]at_[A-Za-z0-9_\\-]{20,}", "dckr_pat_", "dckr_oat_"),
        Word("jfrog-key", "AKCp[A-Za-z0-9]{69}", null, "AKCp"),
        Word("jfrog-key", "cmVmd[A-Za-z0-9]{59}", null, "cmVmd"),
        // Build and test services: CircleCI, Buildkite, Sonar, Sourcegraph, Snyk, Octopus, Postman, Harness (gitleaks,
        // trufflehog).
        Token("circleci-token", "CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[0-9a-fA-F]{40}", "CCIPAT_", "CCIPRJ_"),
        Token("buildkite-token", "bk(?:ua|aj|at)_[A-Za-z0-9]{32,}", "bkua_", "bkaj_", "bkat_"),
        Token("sonar-token", "sq[upa]_[0-9a-f]{40}", "squ_", "sqp_", "sqa_"),
        Token("sourcegraph-token", "sgp_(?:(?:[0-9a-fA-F]{16}|local)_)?[0-9a-fA-F]{40}", "sgp_"),
        Near("sourcegraph-token", "sourcegraph", "[0-9a-fA-F]{40}", Checks.NoDigest, "sourcegraph"),
        Near("snyk-token", "snyk", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", Checks.NoDigest, "snyk"),
        Word("octopus-key", "API-[A-Z0-9]{26}", Checks.Random, "API-"),
        Token("postman-key", "PMAK-[0-9a-f]{24}-[0-9a-f]{34}", "PMAK-"),
        Token("harness-token", "[ps]at\\.[A-Za-z0-9_\\-]{22}\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{20}", "pat.", "sat."),
        // 1Password service accounts and secret keys, age keys (gitleaks).
        Token("onepassword-token", "ops_eyJ[A-Za-z0-9+/=]{60,}", "ops_eyJ"),
        Token("onepassword-key", "A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}", "A3-"),
        Token("age-key", "AGE-SECRET-KEY-1[A-Z0-9]{40,58}", "AGE-SECRET-KEY-1"),
    ];
}
