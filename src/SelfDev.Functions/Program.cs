using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using SelfDev.Functions.Hosting;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Services.AddSelfDev(FunctionsSettings.Read(builder.Configuration));
using var telemetry = Telemetry.Start();
await builder.Build().RunAsync();
