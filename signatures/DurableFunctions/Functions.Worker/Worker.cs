// Stands for Microsoft.Azure.Functions.Worker 2.52.0 and its Extensions.Abstractions. Declarations only.
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SelfDev.Signatures;

namespace Microsoft.Azure.Functions.Worker
{
    using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

    [AttributeUsage(AttributeTargets.Method)]
    public class FunctionAttribute(string name) : Attribute
    {
        public string Name { get; } = name;
    }

    public abstract class FunctionContext
    {
        public abstract IServiceProvider InstanceServices { get; set; }

        public abstract FunctionDefinition FunctionDefinition { get; }

        public virtual CancellationToken CancellationToken { get; } = CancellationToken.None;
    }

    public abstract class FunctionDefinition
    {
        public abstract string Name { get; }
    }
}

namespace Microsoft.Azure.Functions.Worker.Extensions.Abstractions
{
    [AttributeUsage(AttributeTargets.Method)]
    public abstract class BindingAttribute : Attribute;

    [AttributeUsage(AttributeTargets.Parameter)]
    public abstract class TriggerBindingAttribute : BindingAttribute;

    [AttributeUsage(AttributeTargets.Parameter)]
    public abstract class InputBindingAttribute : BindingAttribute;
}

namespace Microsoft.Azure.Functions.Worker.Builder
{
    public class FunctionsApplication
    {
        public static FunctionsApplicationBuilder CreateBuilder(string[] args) => throw Signature.Only();
    }

    public class FunctionsApplicationBuilder
    {
        internal FunctionsApplicationBuilder() => throw Signature.Only();

        public ConfigurationManager Configuration => throw Signature.Only();

        public IHostEnvironment Environment => throw Signature.Only();

        public ILoggingBuilder Logging => throw Signature.Only();

        public IServiceCollection Services => throw Signature.Only();

        public IHost Build() => throw Signature.Only();
    }

    // Of Microsoft.Azure.Functions.Worker.Extensions.Http.AspNetCore 2.1.0.
    public static class FunctionsApplicationBuilderAspNetCoreExtensions
    {
        public static FunctionsApplicationBuilder ConfigureFunctionsWebApplication(
            this FunctionsApplicationBuilder builder
        ) => throw Signature.Only();
    }
}
