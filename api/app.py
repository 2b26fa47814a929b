"""The composition root: `create_app(settings)` opens the engines in one lifespan and gives them to handlers by name."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.plugins.opentelemetry import OpenTelemetryConfig, OpenTelemetryPlugin
from litestar.types import ControllerRouterHandler
from opentelemetry.sdk.trace import TracerProvider

from api import problems
from api.admin import AdminController
from api.administration import AccountsController, MoneyController
from api.assets import AssetsController, asset_file
from api.auth.controller import AuthController, jwks
from api.auth.csrf import require_same_site
from api.auth.guards import sign_in_first
from api.challenges import ChallengesController
from api.chat import ChatController, HeldController, StreamChatController
from api.chat_filters import PlatformTermsController, PolicyController, TermsController
from api.commands import CommandController
from api.compression import compress_answers
from api.correlation import Platform
from api.dependencies import dependencies
from api.engines import Engines, open_engines
from api.gift_subs import GiftSubsController
from api.gifts import GiftController
from api.health import healthz, metrics, readyz
from api.history import HistoryController
from api.inventory import InventoryController
from api.leaderboards import LeaderboardController
from api.limits import limit_address
from api.me import MeController
from api.media import MediaController
from api.mod import AppealsController, ModeratorsLogController, ReportsController
from api.moderation import BansController, ModeratorsController
from api.moments import MomentsController
from api.moodmaps import MoodMapController
from api.oembed import OEmbedController
from api.openapi import ProblemResponses, describe
from api.openapi_bodies import BodySchemas
from api.operations import OperationsController
from api.overlays import OverlaysController
from api.pages.rendering import static_files, template_config
from api.pages.routes import pages
from api.payments import PaymentController
from api.payouts import PayoutController, PayoutReviewController
from api.polls import PollsController
from api.profile import ProfileController
from api.providing import provide_in_turn
from api.questions import QuestionsController
from api.raids import RaidsController
from api.recommendations import RecommendationsController
from api.recommender import Recommender
from api.reference import ReferenceController
from api.refunds import RefundController
from api.replays import ReplayController
from api.rollouts import RolloutsController
from api.search import SearchController
from api.searching import Searcher
from api.segments import SegmentsController
from api.spending import LimitsController
from api.streams import StreamsController
from api.strictness import refuse_loose_body
from api.studio import StreamStudioController, StudioController
from api.subscriptions import SubscriptionController
from api.users import CreatorsController, UsersController
from api.vods import VodsController, vod_file
from api.wallet import WalletController
from api.webhooks import WebhookController
from domain.accounts.tokens import AccessTokens
from livestreamx.observe.metrics import Metrics
from livestreamx.observe.tracing import make_tracer_provider
from livestreamx.settings import Settings
from realtime.context import Context
from realtime.gateway import Gateway
from realtime.routes import enter_room

BODY_BYTES = 256 * 1024

CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    AccountsController,
    AdminController,
    AppealsController,
    AssetsController,
    AuthController,
    BansController,
    ChallengesController,
    ChatController,
    CommandController,
    CreatorsController,
    GiftController,
    GiftSubsController,
    HeldController,
    InventoryController,
    LeaderboardController,
    LimitsController,
    MeController,
    MediaController,
    ModeratorsController,
    MoneyController,
    ModeratorsLogController,
    MoodMapController,
    OEmbedController,
    OperationsController,
    OverlaysController,
    PaymentController,
    PayoutController,
    PayoutReviewController,
    PlatformTermsController,
    PolicyController,
    PollsController,
    ProfileController,
    QuestionsController,
    RaidsController,
    HistoryController,
    RecommendationsController,
    ReferenceController,
    RefundController,
    RolloutsController,
    SearchController,
    SegmentsController,
    ReplayController,
    ReportsController,
    StreamChatController,
    MomentsController,
    StreamStudioController,
    StreamsController,
    StudioController,
    SubscriptionController,
    TermsController,
    UsersController,
    VodsController,
    WalletController,
    WebhookController,
    asset_file,
    enter_room,
    healthz,
    jwks,
    metrics,
    readyz,
    vod_file,
)


def make_gateway(state: State, engines: Engines) -> Gateway:
    """The gateway of this process, over the same clients as the API."""
    return Gateway(
        Context(
            settings=state.settings,
            pool=engines.pool,
            redis=engines.redis,
            emitter=engines.emitter,
            bus=engines.bus,
            tokens=state.tokens,
            metrics=state.metrics,
            gifts=engines.gifts,
            guard=engines.guard,
            chat=engines.chat,
            ballots=engines.ballots,
        )
    )


def spans(tracer: TracerProvider, settings: Settings) -> list[OpenTelemetryPlugin]:
    """A span for every request, where somebody collects them."""
    if not settings.otlp_endpoint:
        return []
    config = OpenTelemetryConfig(tracer_provider=tracer, scopes={ScopeType.HTTP}, exclude_spans=["receive", "send"])
    return [OpenTelemetryPlugin(config)]


def create_app(settings: Settings) -> Platform:
    """The application over the engines that the settings name; `SettingsError` when one is missing."""
    settings.require("postgres_url", "redis_url", "kafka_bootstrap", "clickhouse_url", "signing_key")

    counted = Metrics()
    tracer = make_tracer_provider("api", settings.otlp_endpoint)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        try:
            async with (
                open_engines(settings, counted) as engines,
                aclosing(Recommender(engines.pool, engines.redis, settings)) as recommender,
            ):
                app.state.engines = engines
                app.state.recommender = recommender
                app.state.searcher = Searcher(engines.pool, recommender)
                app.state.gateway = make_gateway(app.state, engines)
                async with app.state.gateway.running():
                    yield
        finally:
            tracer.shutdown()

    state = {
        "settings": settings,
        "tokens": AccessTokens(settings.signing_key, settings.access_minutes),
        "metrics": counted,
    }
    app = Platform(
        [*CONTROLLERS, pages(), static_files()],
        state=State(state),
        lifespan=[lifespan],
        dependencies=dependencies(),
        template_config=template_config(),
        guards=[limit_address, require_same_site, sign_in_first],
        before_request=refuse_loose_body,
        exception_handlers=problems.HANDLERS,
        request_max_body_size=BODY_BYTES,
        compression_config=compress_answers(),
        plugins=[
            ProblemResponses(),
            BodySchemas(),
            *spans(tracer, settings),
        ],
        logging_config=None,
        openapi_config=describe(),
    )
    provide_in_turn(app)
    return app
