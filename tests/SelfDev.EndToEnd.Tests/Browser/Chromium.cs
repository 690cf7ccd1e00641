using Microsoft.Playwright;

namespace SelfDev.EndToEnd.Tests.Browser;

/// <summary>The system's own Chromium, headless, one for all tests of a class. Playwright downloads nothing.</summary>
public sealed class Chromium : IAsyncLifetime
{
    /// <summary>A stranger's host name that leads to this machine, as DNS rebinding makes one.</summary>
    public const string ReboundName = "rebound.example";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>A page that shares nothing with other tests; skips the running test where there is no
    /// browser.</summary>
    public async Task<IPage> NewPageAsync(BrowserNewPageOptions? options = null)
    {
        Assert.SkipWhen(
            _browser is null,
            "No Chromium on the PATH: install it (apt-get install chromium) or name it in SELFDEV_CHROMIUM."
        );
        return await _browser!.NewPageAsync(options);
    }

    /// <summary>As <see cref="NewPageAsync"/>, for many pages that share cookies: the browser of one person.</summary>
    public async Task<IBrowserContext> NewContextAsync()
    {
        Assert.SkipWhen(
            _browser is null,
            "No Chromium on the PATH: install it (apt-get install chromium) or name it in SELFDEV_CHROMIUM."
        );
        return await _browser!.NewContextAsync();
    }

    public async ValueTask InitializeAsync()
    {
        if ((Environment.GetEnvironmentVariable("SELFDEV_CHROMIUM") ?? Find()) is not { } path)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions
            {
                ExecutablePath = path,
                // No sandbox: containers, where tests often run, give a browser no user namespaces. It sees nothing but
                // pages of ours.
                Args =
                [
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    $"--host-resolver-rules=MAP {ReboundName} 127.0.0.1",
                ],
            }
        );
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private static string? Find() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
}
